/**
 * `kinsumer put`: puts records into a stream.
 *
 * @module
 */

import process from "node:process";
import { openStreams, type PutResult } from "../../testing/streams.ts";
import { KinsumerError } from "../errors.ts";
import type { Call, Command } from "./command.ts";
import { JSON_OUTPUT, STREAM } from "./common_options.ts";
import { AWS_OPTIONS, readTarget, streamNameOf } from "./environment.ts";
import { batchesOf, type InputRecord, INPUTS, linesOf, readRecord } from "./put_input.ts";
import { openWorld } from "./world.ts";

/** The command. */
export const PUT: Command = {
  name: "put",
  summary: "Puts records into a stream: the operands, or the lines of stdin.",
  operands: "[RECORD...]",
  about: [
    "Each operand is a record; without any, each line of stdin that is not empty is one, put as it " +
    "comes. With --input json a line is an object with `data` (or `text`), which may be any JSON, or " +
    "`base64`, and, as you like, `partitionKey`: what `tail --json` prints can be put again.",
    "A record without a partition key gets a random one, which spreads records over the shards. " +
    "Refused records are put again; with --json, one line tells where each has landed.",
  ],
  options: {
    stream: STREAM,
    "key": { value: "KEY", short: "k", help: "the partition key of each record that has none" },
    "input": { value: "FORM", help: `one of ${INPUTS.join(", ")}`, default: "lines" },
    ...AWS_OPTIONS,
    json: { ...JSON_OUTPUT, help: "print where each record landed, one JSON object a line" },
  },
  examples: [
    [`put -s orders --key ann '{"total":12}' '{"total":30}'`, "two records of one key"],
    ["put -s orders < orders.jsonl", "each line is a record"],
    ["put -s orders --input json --json < records.jsonl", "with keys of their own"],
  ],
  problem: "records were refused again and again, or the input is wrong",
  run: put,
};

async function put({ args, shell }: Call): Promise<number> {
  const streamName = streamNameOf(args);
  const input = args.choice("input", INPUTS);
  const key = args.text("key");
  const world = openWorld(readTarget(args, shell.env));
  const { kinesisEndpoint, region, credentials, streamArn } = world.target;
  const { runtime } = world;
  const streams = openStreams({ kinesisEndpoint, region, credentials, runtime });
  let count = 0;
  const putAll = async (
    lines: readonly (string | Uint8Array)[],
    noun: string,
  ): Promise<void> => {
    const records = lines.map((line, index) =>
      keyed(readRecord(line, input, `${noun} ${count + index + 1}`), key ?? undefined, runtime)
    );
    for (const batch of batchesOf(records)) {
      shell.signal.throwIfAborted();
      const results = await streams.put(streamArn ?? streamName, batch);
      count += results.length;
      if (args.has("json")) await shell.write(results.map(resultLine).join(""));
      else shell.progress(`${count} records are put ...`);
    }
  };
  try {
    if (args.operands.length > 0) await putAll(args.operands, "record");
    else await putLines(putAll, shell.signal);
  } catch (error) {
    if (count > 0) shell.say(`${count} records are put`);
    throw error;
  }
  if (!args.has("json")) await shell.write(`${count} records are put\n`);
  if (shell.signal.aborted) throw new KinsumerError("NotRunning", "Interrupted");
  return 0;
}

async function putLines(
  putAll: (lines: readonly Uint8Array[], noun: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { stdin } = process;
  const stop = (): void => void stdin.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const lines of linesOf(stdin)) await putAll(lines, "line");
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function keyed(
  { data, partitionKey }: InputRecord,
  key: string | undefined,
  { random }: { readonly random: { uuid(): string } },
): { readonly data: string | Uint8Array; readonly partitionKey: string } {
  return { data, partitionKey: partitionKey ?? key ?? random.uuid() };
}

function resultLine({ shardId, sequenceNumber }: PutResult): string {
  return `${JSON.stringify({ shardId, sequenceNumber })}\n`;
}
