/**
 * Reads a shard that this client owns, as fast as the throttle and the budget allow, until it is
 * told to stop or the shard has verifiably ended.
 *
 * @module
 */

import type { RecordsAnswer } from "../aws/kinesis.ts";
import { isKinsumerError, KinsumerError } from "../errors.ts";
import type { Position, SequenceNumber } from "../model.ts";
import { isClosed } from "../rules/lineage.ts";
import {
  backoffMs,
  firstDelayMs,
  MAX_RETRY_DELAY_MS,
  nextHalvings,
  readDelayMs,
  readSize,
} from "../rules/pacing.ts";
import { rereadPosition, resumePosition } from "../rules/position.ts";
import { decideEnd } from "../rules/shard_end.ts";
import { attempt } from "./announcer.ts";
import type { Channel } from "./channel.ts";
import type { LoopContext } from "./context.ts";
import { openIterator } from "./open_iterator.ts";
import { toError } from "./persist.ts";

/** Failures in a row after which the iterator may be what is refused. */
const MOST_FAILURES = 5;

/** What is read, and from where. */
export interface ShardReading {
  readonly channel: Channel;
  readonly start: Position;
  /** An iterator at that position, if there is one already. */
  readonly shardIterator?: string | undefined;
  /** Ends the reading: the shard is to be released, or was lost. */
  readonly signal: AbortSignal;
}

/**
 * Reads until the shard has ended (`ended`) or the signal aborts (`stopped`).
 *
 * @throws {KinsumerError} `InvalidSequenceNumber` when the stream no longer knows what it returned:
 * it was deleted and made anew, and only another look at the checkpoint can tell what that means
 */
export async function readShard(
  context: LoopContext,
  reading: ShardReading,
): Promise<"ended" | "stopped"> {
  const reader = new ShardReader(context, reading);
  let failures = 0;
  while (!reading.signal.aborted) {
    try {
      if (await reader.readOnce() === "ended") return "ended";
      failures = 0;
    } catch (cause) {
      if (reading.signal.aborted) break;
      if (isKinsumerError(cause) && cause.code === "InvalidSequenceNumber") throw cause;
      const error = toError(cause, { operation: "GetRecords", shardId: reading.channel.shardId });
      await waitOut(context, reading, { error, failures: ++failures });
      // What passes by itself is never the iterator's fault, and a new one begins further back.
      if (failures >= MOST_FAILURES && error.code === "RequestRejected") reader.renewIterator();
    }
  }
  return "stopped";
}

async function waitOut(
  { announcer, clock, options, random }: LoopContext,
  { channel, signal }: ShardReading,
  { error, failures }: { readonly error: KinsumerError; readonly failures: number },
): Promise<void> {
  const { shardId } = channel;
  const trouble = error.code === "Throttled" ? "throttled" : "retrying";
  channel.reader = { phase: "pause", sinceMs: clock.monotonicMs(), trouble };
  const baseMs = firstDelayMs(error, options.throttleDelayMs);
  const delayMs = Math.round(
    backoffMs({ failures, baseMs, maxMs: MAX_RETRY_DELAY_MS, chance: random.next() }),
  );
  const operation = error.operation ?? "GetRecords";
  announcer.retried(error, { operation, shardId, failures, delayMs });
  if (!error.retryable) announcer.announce({ type: "failed", shardId, error });
  await clock.sleep(delayMs, signal);
}

/** One shard's place in the stream. */
class ShardReader {
  readonly #context: LoopContext;
  readonly #reading: ShardReading;
  #start: Position;
  /** How often the reading had begun anew when the place was found. */
  #rewindCount: number;
  #iterator: string | undefined;
  /** How many iterators were made to confirm the end of the shard since a record was read. */
  #confirmations = 0;
  #lastReadAtMs: number | undefined;
  #lastSequenceNumber: SequenceNumber | undefined;
  /** What a record of this shard takes; absent before the first. */
  #recordBytes: number | undefined;
  /** How often what a read asks for is halved, so that it arrives in time. */
  #halvings = 0;
  /** How many reads in a row found nothing, and nothing left to read. */
  #idleReads = 0;
  /** Set when the service did not answer for a moment: read all, and skip what is older. */
  #skipBeforeMs: number | undefined;

  constructor(context: LoopContext, reading: ShardReading) {
    this.#context = context;
    this.#reading = reading;
    this.#rewindCount = reading.channel.rewindCount;
    this.#start = this.#firstPosition();
    // What was dropped is read again from elsewhere.
    if (this.#rewindCount === 0) this.#iterator = reading.shardIterator;
  }

  /** Makes one read, in its turn. */
  async readOnce(): Promise<"ended" | "read"> {
    const { handoff, options: { readLimit } } = this.#context;
    const { channel, signal } = this.#reading;
    const { limit, byteLength } = readSize({
      maxBufferedBytes: handoff.maxBytes,
      readLimit,
      shardCount: handoff.shardCount,
      recordBytes: this.#recordBytes ?? handoff.recordBytes,
      halvings: this.#halvings,
    });
    this.#enter("admission");
    const admission = await handoff.admit(byteLength, signal, channel);
    if (admission === undefined) return "read";
    if (channel.rewindCount !== this.#rewindCount) this.#beginAnew();
    this.#enter("call");
    let isSpent = false;
    try {
      const answer = await unlessAborted(this.#fetch(limit), signal);
      if (answer === undefined || this.#isVoid) return "read";
      const records = this.#wanted(answer);
      if (records.length > 0) {
        isSpent = true;
        const { clock } = this.#context;
        handoff.push(channel, admission, { ...answer, records }, clock.nowMs());
      }
      const { askedMs, lagMs, records: { length: recordCount } } = answer;
      if (!this.#isVoid) channel.noteRead({ askedMs, recordCount, limit, lagMs });
      channel.reader = { ...channel.reader, trouble: undefined };
      if (this.#goesOn(answer)) return "read";
      const end = await unlessAborted(this.#decideEnd(answer), signal);
      if (this.#isVoid) return "read";
      if (end === "ended") channel.noteEnd();
      return end;
    } finally {
      if (!isSpent) handoff.dismiss(admission);
    }
  }

  /** Makes the next read begin with a new iterator, where that leads to the same place. */
  renewIterator(): void {
    const isFromTip = this.#start.type === "LATEST" && this.#lastSequenceNumber === undefined;
    if (!isFromTip) this.#iterator = undefined;
  }

  #enter(phase: "admission" | "wait" | "call"): void {
    const { channel } = this.#reading;
    const { trouble } = channel.reader;
    channel.reader = { phase, sinceMs: this.#context.clock.monotonicMs(), trouble };
  }

  /** Whether the shard was paused while the answer was under way: it will be asked for again. */
  get #isVoid(): boolean {
    const { channel } = this.#reading;
    return channel.isHeld || channel.rewindCount !== this.#rewindCount;
  }

  /** Reads again what was dropped. */
  #beginAnew(): void {
    this.#rewindCount = this.#reading.channel.rewindCount;
    this.#start = this.#firstPosition();
    this.#iterator = undefined;
    this.#lastSequenceNumber = undefined;
    this.#confirmations = 0;
  }

  #firstPosition(): Position {
    const { channel, start } = this.#reading;
    return this.#rewindCount === 0 ? start : rereadPosition(start, channel.progress.sequenceNumber);
  }

  async #fetch(
    limit: number,
  ): Promise<(RecordsAnswer & { readonly askedMs: number }) | undefined> {
    const { clock, kinesis } = this.#context;
    const { channel: { shardId }, signal } = this.#reading;
    this.#iterator ??= await this.#openIterator();
    this.#enter("wait");
    await clock.sleep(this.#delayMs(), signal);
    if (signal.aborted) return undefined;
    this.#enter("call");
    this.#lastReadAtMs = clock.monotonicMs();
    const askedMs = clock.nowMs();
    const request = { shardId, shardIterator: this.#iterator, limit };
    try {
      const answer = await kinesis.getRecords(request, signal);
      this.#noteTime(clock.monotonicMs() - this.#lastReadAtMs);
      return { ...answer, askedMs };
    } catch (error) {
      if (isTimeout(error)) this.#noteTime(undefined);
      if (!isExpired(error)) throw error;
      this.#iterator = undefined;
      return undefined;
    }
  }

  #noteTime(tookMs: number | undefined): void {
    const { requestTimeoutMs: timeoutMs } = this.#context.options;
    this.#halvings = nextHalvings({ halvings: this.#halvings, tookMs, timeoutMs });
  }

  #delayMs(): number {
    const { clock, pace, random, options: { idleDelayMs } } = this.#context;
    return readDelayMs({
      lastReadAtMs: this.#lastReadAtMs,
      nowMs: clock.monotonicMs(),
      throttleDelayMs: pace.throttleDelayMs,
      idleDelayMs,
      idleReads: this.#idleReads,
      chance: this.#idleReads > 0 ? random.next() : 0,
    });
  }

  async #openIterator(): Promise<string> {
    const { channel: { shardId }, signal } = this.#reading;
    const position = resumePosition(this.#start, this.#lastSequenceNumber);
    const opened = await openIterator(this.#context, { shardId, position, signal });
    this.#skipBeforeMs = opened.skipBeforeMs ?? this.#skipBeforeMs;
    return opened.shardIterator;
  }

  #wanted(answer: RecordsAnswer): RecordsAnswer["records"] {
    const { records } = answer;
    const isIdle = records.length === 0 && (answer.lagMs ?? 0) === 0;
    this.#idleReads = isIdle ? this.#idleReads + 1 : 0;
    if (records.length === 0) return records;
    this.#lastSequenceNumber = records[records.length - 1]!.sequenceNumber;
    const recordBytes = answer.byteLength / records.length;
    this.#recordBytes = Math.max(
      recordBytes,
      ((this.#recordBytes ?? recordBytes) + recordBytes) / 2,
    );
    this.#context.handoff.recordBytes = this.#recordBytes;
    const { channel: { shardId } } = this.#reading;
    const read = { count: records.length, shardId, lagMs: answer.lagMs };
    attempt(() => this.#context.options.statsReceiver?.eventsFromKinesis(read));
    const from = this.#skipBeforeMs;
    if (from === undefined) return records;
    return records.filter(({ approximateArrivalMs }) => (approximateArrivalMs ?? from) >= from);
  }

  /** Whether the answer says where to read on. */
  #goesOn({ records, nextShardIterator }: RecordsAnswer): boolean {
    if (records.length > 0) this.#confirmations = 0;
    this.#iterator = nextShardIterator;
    return nextShardIterator !== undefined;
  }

  async #decideEnd(answer: RecordsAnswer): Promise<"ended" | "read"> {
    const decision = decideEnd({
      hasChildShards: answer.hasChildShards,
      isListedAsClosed: answer.hasChildShards || await this.#isListedAsClosed(),
      confirmations: this.#confirmations,
      recordCount: answer.records.length,
      lagMs: answer.lagMs,
    });
    if (decision === "ended") return "ended";
    if (decision === "confirm") {
      this.#confirmations++;
      return "read";
    }
    throw new KinsumerError(
      "MalformedAnswer",
      "Cannot read on: the answer has no next iterator, but the shard is open",
      { operation: "GetRecords", shardId: this.#reading.channel.shardId, retryable: true },
    );
  }

  async #isListedAsClosed(): Promise<boolean> {
    const { channel: { shardId }, signal } = this.#reading;
    const shards = await this.#context.kinesis.listShards(signal);
    const shard = shards.find((each) => each.shardId === shardId);
    return shard !== undefined && isClosed(shard);
  }
}

/**
 * What hangs is left behind when the signal aborts: it must not keep its share of the budget.
 *
 * The listener goes before the result is handed on: one that goes later keeps the answer for longer,
 * and may keep what is read next with it, until the whole heap is collected.
 */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    work.then((result) => {
      signal.removeEventListener("abort", giveUp);
      resolve(result);
    }, (error: unknown) => {
      signal.removeEventListener("abort", giveUp);
      reject(error);
    });
  });
}

function isTimeout(error: unknown): boolean {
  return isKinsumerError(error) && error.code === "RequestTimeout";
}

function isExpired(error: unknown): boolean {
  return isKinsumerError(error) && error.code === "IteratorExpired";
}
