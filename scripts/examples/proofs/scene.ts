/**
 * What a proof works with: a stream of its own on the local servers, the folder of its example in
 * the user's project, and the processes that it starts there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { LocalKinesis, PutResult } from "../../../testing/mod.ts";
import { nodeTypescriptArgs, runtimePath } from "../../runtimes.mjs";
import { Program } from "./program.ts";

/** One example's place. */
export interface SceneOptions {
  /** The name of its folder. */
  readonly name: string;
  /** The user's project. */
  readonly project: string;
  /** The packed library. */
  readonly tarball: string;
  readonly local: LocalKinesis;
}

/** An order, as the examples take them. */
export interface Order {
  readonly customer: string;
  readonly total: number;
}

/** A proof cannot be had on this machine; the message says why. */
export class Skipped extends Error {}

const PASSED_ON = ["PATH", "HOME", "TMPDIR", "DOCKER_HOST", "XDG_RUNTIME_DIR"];

/** One example, while it is proved. */
export class Scene {
  readonly name: string;
  readonly project: string;
  readonly tarball: string;
  /** The example's folder; the project's where all are meant. */
  readonly folder: string;
  readonly local: LocalKinesis;
  readonly #puts: PutResult[] = [];
  readonly #programs: Program[] = [];
  #streamName = "";

  constructor({ name, project, tarball, local }: SceneOptions) {
    this.name = name;
    this.project = project;
    this.tarball = tarball;
    const folder = join(project, name);
    this.folder = existsSync(folder) ? folder : project;
    this.local = local;
  }

  get streamName(): string {
    return this.#streamName;
  }

  /** What every example finds in its environment. */
  get env(): Readonly<Record<string, string>> {
    const { kinesisEndpoint, dynamodbEndpoint, region, credentials } = this.local;
    return {
      STREAM_NAME: this.streamName,
      AWS_ENDPOINT_URL_KINESIS: kinesisEndpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
  }

  /** Makes the stream. */
  async createStream(shards: number): Promise<void> {
    this.#streamName = await this.local.createStream({ shards });
  }

  /** Puts so many orders, each of another customer, and returns them. */
  async put(count: number): Promise<readonly Order[]> {
    const first = this.#puts.length;
    const orders = Array.from(
      { length: count },
      (_, index) => ({ customer: `customer-${first + index}`, total: first + index }),
    );
    this.#puts.push(...await this.local.putRecords(this.streamName, orders));
    return orders;
  }

  /** Starts a program in the example's folder. */
  start(
    command: readonly [string, ...string[]],
    env: Readonly<Record<string, string>> = {},
  ): Program {
    const passedOn = PASSED_ON.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    });
    const quiet = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
    const whole = { ...Object.fromEntries(passedOn), ...quiet, ...this.env, ...env };
    const program = new Program({ command, cwd: this.folder, env: whole });
    this.#programs.push(program);
    return program;
  }

  /** Runs a program of the example on Node. */
  startNode(file: string, env: Readonly<Record<string, string>> = {}): Program {
    const args = file.endsWith(".ts") ? nodeTypescriptArgs() : [];
    return this.start([runtimePath("node"), ...args, file], env);
  }

  /** Runs the command `kinsumer` of the packed library. */
  async kinsumer(...args: readonly string[]): Promise<void> {
    const bin = join(this.project, "node_modules/kinsumer/dist/src/cli/bin.js");
    await this.start([runtimePath("node"), bin, ...args]).success();
  }

  /** Checks that everything that was put is checkpointed, and nobody is left in the fleet. */
  async assertDone(applicationName: string): Promise<void> {
    const { clients, checkpoints } = await this.local.tables(applicationName);
    assert.deepEqual(clients, [], "a client is left in the fleet");
    const last = new Map(this.#puts.map((put) => [put.shardId, put.sequenceNumber]));
    assert.ok(last.size > 0, "nothing was put");
    for (const [shardId, sequenceNumber] of last) {
      const row = checkpoints.find((each) => each.shardId === shardId);
      assert.equal(row?.sequenceNumber, sequenceNumber, `the checkpoint of ${shardId}`);
      assert.equal(row?.ownerId, undefined, `the owner of ${shardId}`);
    }
  }

  /** Ends every program that still runs. */
  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
  }
}

/** Checks that each order was billed once: `billed customer-1 1` stands there once for each. */
export function assertBilledOnce(output: string, orders: readonly Order[]): void {
  const billed = [...output.matchAll(/^billed (\S+) (\d+)$/gm)].map(([line]) => line);
  const wanted = orders.map(({ customer, total }) => `billed ${customer} ${total}`);
  assert.deepEqual(billed.sort(), wanted.sort());
}
