/**
 * Reads a shard that a run at the edge owns, until it is told to stop or the shard has verifiably
 * ended. One read's records are processed before the next is made.
 *
 * @module
 */

import type { RecordsAnswer } from "../aws/kinesis.ts";
import { isKinsumerError, KinsumerError } from "../errors.ts";
import { openIterator } from "../loops/open_iterator.ts";
import { pause, toError } from "../loops/persist.ts";
import { isAtTip, type LastRead } from "../rules/caught_up.ts";
import { isClosed } from "../rules/lineage.ts";
import { nextHalvings, readSize } from "../rules/pacing.ts";
import { resumePosition } from "../rules/position.ts";
import { decideEnd } from "../rules/shard_end.ts";
import type { EdgeContext } from "./context.ts";
import type { Start } from "./start.ts";

/** How often a read looks whether the budget of bytes has room for it. */
const LOOK_INTERVAL_MS = 25;
/** What a record is taken for before one was seen. */
const FIRST_RECORD_BYTES = 10_240;

/** What is read, and what becomes of it. */
export interface ShardReading {
  readonly shardId: string;
  readonly start: Start;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** Hands records over; resolves when they are processed, or never will be. */
  readonly deliver: (answer: RecordsAnswer) => Promise<void>;
  /** Is told through which moment all is processed: wall-clock milliseconds. */
  readonly onProcessedThrough: (ms: number) => void;
}

/** Reads one shard. */
export class ShardReader {
  readonly #context: EdgeContext;
  readonly #reading: ShardReading;
  #iterator: string | undefined;
  #readSequenceNumber: string | undefined;
  #readAtMs = -Infinity;
  /** Whether the last read found nothing, and nothing left to read. */
  #isIdle = false;
  #halvings = 0;
  /** What a record takes, as the last read showed. */
  #recordBytes = FIRST_RECORD_BYTES;
  #confirmations = 0;
  #skipBeforeMs: number | undefined;
  /** The last read, once all of it is processed. */
  #lastRead: LastRead | undefined;
  #lagMs: number | undefined;

  constructor(context: EdgeContext, reading: ShardReading) {
    this.#context = context;
    this.#reading = reading;
    this.#iterator = reading.start.shardIterator;
  }

  /** How far behind the tip the last read was; absent before the first. */
  get lagMs(): number | undefined {
    return this.#lagMs;
  }

  /** Whether all that was read to the tip, give or take so many milliseconds, is processed. */
  isCaughtUp(withinMs: number): boolean {
    return isAtTip(this.#lastRead, withinMs);
  }

  /** @returns whether the shard has ended, and all of it is processed */
  async read(): Promise<boolean> {
    const { shardId, signal } = this.#reading;
    const what = { operation: "GetRecords", shardId, signal };
    for (let failures = 0; !signal.aborted;) {
      try {
        if (await this.#readOnce(signal)) return true;
        failures = 0;
      } catch (cause) {
        if (signal.aborted) break;
        const error = toError(cause, what);
        // The stream no longer knows what it returned: only another look at the row can tell why.
        if (error.code === "InvalidSequenceNumber") throw error;
        await pause(this.#context, what, error, ++failures);
      }
    }
    return false;
  }

  async #readOnce(signal: AbortSignal): Promise<boolean> {
    const { clock, hold, kinesis, options } = this.#context;
    const { deliver, shardId } = this.#reading;
    const facts = { halvings: this.#halvings, recordBytes: this.#recordBytes };
    const { limit, byteLength } = readSize({ ...options, ...hold, ...facts });
    await clock.sleep(this.#delayMs(), signal);
    const isFull = () =>
      hold.heldBytes > 0 &&
      hold.heldBytes + byteLength > options.maxBufferedBytes;
    while (isFull() && !signal.aborted) await clock.sleep(LOOK_INTERVAL_MS, signal);
    if (signal.aborted) return false;
    let heldBytes = byteLength;
    hold.heldBytes += heldBytes;
    try {
      this.#iterator ??= await this.#openIterator(signal);
      const [askedMs, askedAtMs] = [clock.nowMs(), clock.monotonicMs()];
      this.#readAtMs = askedAtMs;
      const request = { shardId, shardIterator: this.#iterator, limit };
      const answer = await kinesis.getRecords(request, signal);
      this.#noteTime(clock.monotonicMs() - askedAtMs);
      this.#noteAnswer(answer); // throws where it has no shape, before that could unhinge the budget
      hold.heldBytes += answer.byteLength - heldBytes;
      heldBytes = answer.byteLength;
      await deliver(this.#wanted(answer));
      if (signal.aborted) return false;
      this.#noteRead(answer, { askedMs, limit });
      return answer.nextShardIterator === undefined && await this.#hasEnded(answer, signal);
    } catch (error) {
      const code = isKinsumerError(error) ? error.code : undefined;
      if (code === "RequestTimeout") this.#noteTime(undefined);
      // A refused iterator is made anew, too: it leads to the same place.
      if (code === "IteratorExpired" || code === "RequestRejected") this.#iterator = undefined;
      if (code !== "IteratorExpired") throw error;
      return false;
    } finally {
      hold.heldBytes -= heldBytes;
    }
  }

  /** Counted from read to read. */
  #delayMs(): number {
    const { clock, options: { idleDelayMs, throttleDelayMs } } = this.#context;
    const intervalMs = this.#isIdle ? Math.max(idleDelayMs, throttleDelayMs) : throttleDelayMs;
    return Math.max(0, this.#readAtMs + intervalMs - clock.monotonicMs());
  }

  #noteTime(tookMs: number | undefined): void {
    const { requestTimeoutMs: timeoutMs } = this.#context.options;
    this.#halvings = nextHalvings({ halvings: this.#halvings, tookMs, timeoutMs });
  }

  async #openIterator(signal: AbortSignal): Promise<string> {
    const { shardId, start } = this.#reading;
    const position = resumePosition(start.position, this.#readSequenceNumber);
    const opened = await openIterator(this.#context, { shardId, position, signal });
    this.#skipBeforeMs ??= opened.skipBeforeMs;
    return opened.shardIterator;
  }

  /** Notes what is to be processed. */
  #noteAnswer({ byteLength, lagMs, records }: RecordsAnswer): void {
    this.#lagMs = lagMs;
    if (records.length === 0) return;
    this.#lastRead = undefined;
    this.#readSequenceNumber = records[records.length - 1]!.sequenceNumber;
    this.#recordBytes = byteLength / records.length;
  }

  /** Without what lies before the moment at which the reading was to begin. */
  #wanted(answer: RecordsAnswer): RecordsAnswer {
    const from = this.#skipBeforeMs;
    if (from === undefined) return answer;
    const isWanted = ({ approximateArrivalMs = from }) => approximateArrivalMs >= from;
    return { ...answer, records: answer.records.filter(isWanted) };
  }

  /** Notes a read, once all that it returned is processed. */
  #noteRead(
    { lagMs, nextShardIterator, records }: RecordsAnswer,
    { askedMs, limit }: { readonly askedMs: number; readonly limit: number },
  ): void {
    const recordCount = records.length;
    this.#iterator = nextShardIterator;
    if (recordCount > 0) this.#confirmations = 0;
    this.#lastRead = { recordCount, limit, lagMs };
    this.#isIdle = recordCount === 0 && (lagMs ?? 0) === 0;
    if (lagMs !== undefined) this.#reading.onProcessedThrough(askedMs - lagMs);
  }

  /** Whether an answer without a next iterator is the shard's end. */
  async #hasEnded(answer: RecordsAnswer, signal: AbortSignal): Promise<boolean> {
    const { kinesis } = this.#context;
    const { shardId } = this.#reading;
    const { hasChildShards, lagMs, records: { length: recordCount } } = answer;
    const isListed = async () =>
      (await kinesis.listShards(signal))
        .some((each) => each.shardId === shardId && isClosed(each));
    const isListedAsClosed = hasChildShards || await isListed();
    const confirmations = this.#confirmations;
    const facts = { hasChildShards, isListedAsClosed, recordCount, lagMs, confirmations };
    const decision = decideEnd(facts);
    if (decision === "confirm") this.#confirmations++;
    if (decision !== "faulty") return decision === "ended";
    throw new KinsumerError(
      "MalformedAnswer",
      "Cannot read on: the answer has no next iterator, but the shard is open",
      { operation: "GetRecords", shardId, retryable: true },
    );
  }
}
