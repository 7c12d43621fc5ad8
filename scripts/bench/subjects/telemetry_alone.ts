/**
 * The subject `telemetry_alone`: what telemetry does for one read and the batch that is made of it,
 * around a stream that has nothing, in turns with a telemetry that does nothing. What it costs is too
 * little to be seen beside all else that a read costs.
 *
 * @module
 */

import process from "node:process";
import type { AwsCall } from "../../../src/aws/call.ts";
import { createKinesisApi } from "../../../src/aws/kinesis.ts";
import { systemRuntime } from "../../../src/runtime.ts";
import { Telemetry } from "../../../src/telemetry/telemetry.ts";
import { Telemetry as SilentTelemetry } from "../silent_telemetry.ts";
import { shardIdOf } from "../stream_shape.ts";
import { assignment } from "./meter.ts";
import { registerSdk } from "./sdk_of.ts";

const BLOCKS = 9;
const SHARDS = 32;

const { records: turns, setup } = assignment();
await registerSdk(setup);

const ANSWER = { Records: [], MillisBehindLatest: 0, NextShardIterator: "next" };

/** One read, and one batch that is pulled and acknowledged. */
function workOf(
  telemetry: Pick<Telemetry, "calls" | "kinesis" | "receive">,
): (turn: number) => Promise<void> {
  const calls = telemetry.calls("kinesis", () => Promise.resolve(ANSWER));
  const open = (call: AwsCall) => createKinesisApi({ call, streamName: "orders" });
  const kinesis = telemetry.kinesis({
    port: open(calls(undefined)),
    within: (parent) => open(calls(parent)),
  });
  const pull = telemetry.receive(
    () => Promise.resolve({ shardId: shardIdOf(0), ack: () => {} }),
    () => [],
  );
  return async (turn) => {
    const request = { shardId: shardIdOf(turn % SHARDS), shardIterator: "", limit: 10_000 };
    await kinesis.getRecords(request);
    (await pull())?.ack();
  };
}

async function cpuMsOf(work: (turn: number) => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let turn = 0; turn < turns; turn++) await work(turn);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const { clock } = systemRuntime();
const client = { streamName: "orders", applicationName: "billing", clientId: "a", clock };
const [whole, silent] = [workOf(new Telemetry(client)), workOf(new SilentTelemetry())];
const differences: number[] = [];
for (let block = 0; block < BLOCKS; block++) {
  const [with_, without] = [await cpuMsOf(whole), await cpuMsOf(silent)];
  if (block > 1) differences.push(with_ - without); // the first ones warm up
}
differences.sort((one, other) => one - other);
const cpuMs = Math.max(0, differences[Math.floor(differences.length / 2)] ?? 0);
process.stdout.write(`${JSON.stringify({ records: turns, cpuMs, wallMs: 0, peakBytes: 0 })}\n`);
process.exit(0);
