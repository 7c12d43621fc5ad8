/**
 * Contract: the options of a run at the edge mean what they mean in the whole library, with the same
 * defaults and ranges; what is not known there is refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinsumerOptions } from "../options.ts";
import { resolveOptions } from "../resolve_options.ts";
import { systemRuntime } from "../runtime.ts";
import { type EdgeOptions, resolveEdgeOptions } from "./options.ts";

const runtime = { ...systemRuntime(), env: () => undefined };
const MINIMAL = { streamName: "orders", applicationName: "billing", clientId: "c", runtime };
const REGION = { ...MINIMAL, region: "eu-west-1" };
/** What is not given is as good as not there; and what a run has no use for is not compared. */
function facts(resolved: object, like: object = resolved): Record<string, unknown> {
  const entries = Object.entries(resolved).filter(([name]) => name in like);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

describe("resolveEdgeOptions()", () => {
  const cases: Readonly<Record<string, EdgeOptions & KinsumerOptions>> = {
    "the least": REGION,
    "China": { ...MINIMAL, region: "cn-north-1" },
    "an ARN": {
      applicationName: "billing",
      clientId: "c",
      runtime,
      streamArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
    },
    "endpoints": {
      ...MINIMAL,
      kinesisEndpoint: "http://127.0.0.1:4567/",
      dynamodbEndpoint: "http://127.0.0.1:8000",
    },
    "a region of the environment": {
      ...MINIMAL,
      runtime: { ...runtime, env: (name) => name === "AWS_REGION" ? "eu-west-3" : undefined },
    },
    "endpoints of the environment": {
      ...MINIMAL,
      runtime: {
        ...runtime,
        env: (name) => name === "AWS_ENDPOINT_URL" ? "http://x:1" : undefined,
      },
    },
    "names": { ...REGION, tablePrefix: "x-", tableNames: { clients: "them" }, clientName: "me" },
    "heartbeats": { ...REGION, shardCheckIntervalMs: 100 },
    "a start": { ...REGION, startAt: new Date(1000), onInvalidCheckpoint: "latest" },
  };
  for (const [name, options] of Object.entries(cases)) {
    it(`gives what the whole library does: ${name}`, () => {
      const resolved = resolveEdgeOptions(options);
      assert.deepEqual(facts(resolved), facts(resolveOptions(options), resolved));
    });
  }

  const numbers = [
    "shardCheckIntervalMs",
    "throttleDelayMs",
    "idleDelayMs",
    "commitIntervalMs",
    "clientRecordMaxAgeMs",
    "goShardCheckIntervalMs",
    "requestTimeoutMs",
    "maxBufferedBytes",
    "readLimit",
  ] as const;
  for (const name of numbers) {
    it(`takes and refuses the same values of ${name}`, () => {
      const tried = [
        -1,
        0,
        1,
        9,
        10,
        49,
        50,
        99,
        100,
        199,
        200,
        4499,
        4500,
        10_000,
        10_001,
        60_000,
      ];
      const large = [
        60_001,
        300_000,
        300_001,
        600_000,
        600_001,
        1e6,
        1e6 + 1,
        1_048_575,
        1_048_576,
      ];
      for (
        const value of [...tried, ...large, 3_600_000, 3_600_001, 2 ** 32, 2 ** 32 + 1, 1.5, "9"]
      ) {
        const options = { ...REGION, [name]: value };
        assert.equal(
          outcome(() => resolveEdgeOptions(options)),
          outcome(() => resolveOptions(options)),
        );
      }
    });
  }

  const refused: Readonly<Record<string, [options: object, error: typeof TypeError]>> = {
    "no stream": [{ applicationName: "billing", region: "eu-west-1" }, TypeError],
    "no region": [MINIMAL, TypeError],
    "no region, and one endpoint": [{
      ...MINIMAL,
      kinesisEndpoint: "http://localhost:4567",
    }, TypeError],
    "a bad name": [{ ...REGION, streamName: "a b" }, RangeError],
    "an option of the whole library": [{ ...REGION, wire: "cbor" }, TypeError],
    "what a run holds in bytes alone": [{ ...REGION, bufferSize: 1_000 }, TypeError],
    "a start by shard": [{ ...REGION, startAt: { others: "latest" } }, TypeError],
    "a start in the future": [{ ...REGION, startAt: new Date(Date.now() + 60_000) }, TypeError],
    "an unknown word": [{ ...REGION, onInvalidCheckpoint: "skip" }, RangeError],
    "a listener that is none": [{ ...REGION, onEvent: true }, TypeError],
    "a stream twice": [{ ...cases["an ARN"], streamName: "orders" }, RangeError],
    "two regions": [{ ...cases["an ARN"], region: "eu-west-2" }, RangeError],
    "an endpoint that is no URL": [{ ...REGION, kinesisEndpoint: "here" }, TypeError],
  };
  for (const [name, [options, error]] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      assert.throws(() => resolveEdgeOptions(options as EdgeOptions), error);
    });
  }

  it("shows no credentials", () => {
    const credentials = { accessKeyId: "AKIA", secretAccessKey: "secret" };
    const options = { ...MINIMAL, credentials, startAt: credentials } as unknown as EdgeOptions;
    assert.throws(
      () => resolveEdgeOptions(options),
      (error: Error) => !/secret/.test(error.message),
    );
  });
});

function outcome(resolve: () => unknown): string {
  try {
    resolve();
    return "taken";
  } catch (error) {
    return error instanceof TypeError || error instanceof RangeError ? "refused" : String(error);
  }
}
