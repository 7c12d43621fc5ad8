/**
 * `kinsumer tail`: prints a stream's records.
 *
 * @module
 */

import { readAggregate } from "../kpl/aggregate.ts";
import type { Position, ReceivedRecord } from "../model.ts";
import { type Call, type Command, UsageError } from "./command.ts";
import { STREAM } from "./common_options.ts";
import { AWS_OPTIONS, readTarget, streamNameOf } from "./environment.ts";
import { follow } from "./follow.ts";
import { type Place, readPlace, TIME_FORMS } from "./moment.ts";
import { type Format, formatRecords, FORMATS, type ShownRecord } from "./record_format.ts";
import { chooseShards } from "./reset_plan.ts";
import { openWorld } from "./world.ts";

/** The command. */
export const TAIL: Command = {
  name: "tail",
  summary: "Prints a stream's records, as they come. Keeps no checkpoint.",
  about: [
    `--from is latest, horizon, a time, or, with --shard, a sequence number to read after; ${TIME_FORMS}.`,
    "Formats: text (shard, time of arrival, partition key, payload), json (one object a line, the " +
    "payload as `text` where it is UTF-8 and as `base64` where not), hex (a dump), raw (the payload " +
    "and a line end). On a terminal the control characters of a payload are written out.",
    "Reads each shard once in --interval, out of the five reads that it allows a second over all " +
    "applications; slower where the output is read slowly. Children of a reshard come after their " +
    "parents; shards beside each other come as they come. Ctrl-C ends.",
  ],
  options: {
    stream: STREAM,
    "from": { value: "PLACE", help: "where to begin", default: "latest" },
    "shard": { value: "ID", help: "this shard only: its ID or the number in it" },
    "format": {
      value: "FORMAT",
      short: "f",
      help: `one of ${FORMATS.join(", ")}`,
      default: "text",
    },
    "limit": { value: "N", short: "n", help: "end after so many records" },
    "deaggregate": { help: "take records of the Kinesis Producer Library apart" },
    "no-follow": { help: "end where there are no more records" },
    "interval": { value: "SECONDS", help: "between two reads of a shard, 0.2 to 60", default: "1" },
    ...AWS_OPTIONS,
    json: { help: "the same as --format json" },
  },
  examples: [
    ["tail -s orders", "what arrives from now on"],
    ["tail -s orders --from 15m --no-follow --json | jq -r .text", "the last quarter of an hour"],
    ["tail -s orders --from horizon --shard 3 -n 10 --format hex", "the oldest ten of one shard"],
  ],
  problem: "the stream could not be read",
  run: tail,
};

const READ_LIMIT = 1_000;

async function tail({ args, shell }: Call): Promise<number> {
  const streamName = streamNameOf(args);
  const format: Format = args.has("json") ? "json" : args.choice("format", FORMATS);
  const limit = args.text("limit") === undefined
    ? Number.POSITIVE_INFINITY
    : args.count("limit", { min: 1, max: 1_000_000_000 });
  const intervalMs = args.secondsAsMs("interval", { min: 0.2, max: 60 });
  const world = openWorld(readTarget(args, shell.env));
  const place = readPlace("from", args.required("from"), world.clock.nowMs());
  const named = args.text("shard");
  if (place.type === "sequence" && named === undefined) {
    throw new UsageError("a sequence number belongs to one shard: give --shard");
  }
  const kinesis = world.stream(streamName);
  const shards = named === undefined ? [] : await kinesis.listShards(shell.signal);
  const shardId = named === undefined ? undefined : chooseShards(shards, [named])[0]?.shardId;
  const isTakenApart = args.has("deaggregate");
  const { isColoured, isTerminal } = shell;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  if (shell.signal.aborted) end();
  shell.signal.addEventListener("abort", end, { once: true });
  let left = limit;
  const printer = new Turns();
  await follow({
    kinesis,
    glance: world.glance(streamName),
    clock: world.clock,
    signal: ending.signal,
    position: positionOf(place),
    shardId,
    isEndless: !args.has("no-follow"),
    intervalMs,
    readLimit: Math.min(READ_LIMIT, limit),
    onRecords: (from, records) =>
      printer.take(async () => {
        if (ending.signal.aborted) return;
        const shown = (isTakenApart ? records.flatMap(takeApart) : records).slice(0, left);
        left -= shown.length;
        const options = { format, isColoured, isTerminal };
        await shell.write(formatRecords(shown, from, options));
        if (left <= 0) end();
      }),
    onRetry: (error) => shell.say(`Trying again: ${error.message}`),
  }).catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return 0;
}

/** The user records of a record; itself where it is no aggregate. */
function takeApart(record: ReceivedRecord): readonly ShownRecord[] {
  const packed = readAggregate(record.data);
  if (packed === undefined) return [record];
  const { sequenceNumber, approximateArrivalMs } = record;
  return packed.map(({ partitionKey, data }, subSequenceNumber) => {
    return { sequenceNumber, subSequenceNumber, approximateArrivalMs, partitionKey, data };
  });
}

function positionOf(place: Place): Position {
  switch (place.type) {
    case "horizon":
      return { type: "TRIM_HORIZON" };
    case "latest":
      return { type: "LATEST" };
    case "time":
      return { type: "AT_TIMESTAMP", timestampMs: place.timestampMs };
    case "sequence":
      return { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: place.sequenceNumber };
  }
}

/** Does one piece of work after the other. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when the work is done. */
  take(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work);
    return this.#last;
  }
}
