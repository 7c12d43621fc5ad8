/**
 * Stands in for "kinsumer" when an example of the README runs: the same class, led to the servers
 * that the environment names. The example itself says nothing of servers, as it should.
 *
 * @module
 */

import process from "node:process";
import { Kinsumer as RealKinsumer, type KinsumerOptions } from "../../mod.ts";

/** Kinsumer, at the local servers. */
export class Kinsumer extends RealKinsumer {
  constructor(options: KinsumerOptions) {
    super({
      ...options,
      kinesisEndpoint: process.env["KINSUMER_KINESIS_ENDPOINT"],
      dynamodbEndpoint: process.env["KINSUMER_DYNAMODB_ENDPOINT"],
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    });
  }
}
