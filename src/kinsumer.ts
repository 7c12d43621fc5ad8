/**
 * The consumer that a user holds.
 *
 * @module
 */

import { Client, DEFAULT_DEADLINE_MS } from "./client.ts";
import { KinsumerError } from "./errors.ts";
import type {
  BatchHandler,
  Handler,
  PausedShard,
  ProcessCounts,
  ProcessOptions,
} from "./handling.ts";
import { caughtUpLagMs, type CaughtUpOptions, waitUntilCaughtUp } from "./loops/caught_up_wait.ts";
import type { DeliveredBatch, DeliveredRecord } from "./loops/delivery.ts";
import { PullIterator } from "./loops/pull.ts";
import { streamOf } from "./loops/record_stream.ts";
import type { KinsumerRecord, RecordBatch } from "./model.ts";
import type { KinsumerOptions } from "./options.ts";
import { resolveHandling } from "./resolve_handling.ts";
import type { KinsumerSnapshot } from "./snapshot.ts";
import { makeTables, removeTables } from "./set_up.ts";

/** How to stop. */
export interface StopOptions {
  /**
   * Milliseconds within which `stop()` resolves, come what may: 0 to 3,600,000. Records that are
   * in your hands and not acknowledged by then will be delivered again. @default {10000}
   */
  readonly deadlineMs?: number;
}

const MAX_DEADLINE_MS = 3_600_000;

/**
 * A client of a fleet that shares a Kinesis stream.
 *
 * Iterating hands records over one by one, each shard's in order; asking for the next acknowledges
 * the one before it, and leaving the loop (`break`, `return`, `throw`) does not: that record is
 * delivered again. Several iterators may run at once, as workers.
 *
 * @example A consumer
 * ```ts
 * import { Kinsumer } from "@kinsumer/kinsumer";
 *
 * const kinsumer = new Kinsumer({ streamName: "orders", applicationName: "billing" });
 * await kinsumer.createRequiredTables();
 * await kinsumer.run();
 * process.once("SIGTERM", () => kinsumer.stop());
 *
 * for await (const record of kinsumer) {
 *   console.log(record.shardId, record.text());
 * }
 * ```
 */
export class Kinsumer implements AsyncIterable<KinsumerRecord, undefined>, AsyncDisposable {
  readonly #client: Client;
  readonly #shared: PullIterator<DeliveredRecord>;

  /**
   * Checks the options. Sends nothing yet.
   *
   * @throws {TypeError} when an option is missing, has the wrong type, or is not known
   * @throws {RangeError} when an option's value is not allowed
   */
  constructor(options: KinsumerOptions) {
    this.#client = new Client(options);
    this.#shared = this.#records();
  }

  /** Identifies this client in the fleet. */
  get clientId(): string {
    return this.#client.options.clientId;
  }

  /** Whether this client leads the fleet now. */
  get isLeader(): boolean {
    return this.#client.member?.isLeader ?? false;
  }

  /** The shards that this client owns now, sorted. */
  get ownedShardIds(): readonly string[] {
    return this.#client.ownedShardIds;
  }

  /** The shards that stand still, because a handler failed and the policy is `pauseShard`. */
  get pausedShards(): readonly PausedShard[] {
    return this.#client.processor?.pausedShards ?? [];
  }

  /**
   * What this client is doing: its shards, how far they are and what they wait for, its buffer, what
   * went wrong last, and whether it is healthy. Plain data, fit for JSON and for a health endpoint: no
   * record data, partition keys, messages of errors, or credentials. Asks nobody; costs little.
   *
   * @example
   * ```ts
   * const { health, shards } = kinsumer.snapshot();
   * console.log(health.status, shards.map(({ shardId, lagMs }) => `${shardId}: ${lagMs} ms`));
   * ```
   */
  snapshot(): KinsumerSnapshot {
    return this.#client.snapshot();
  }

  /**
   * Makes the three tables in DynamoDB, where they do not exist yet, and waits until they can be
   * used. Safe to call from every client at every start. Does nothing where the option `tables`
   * brings all three.
   *
   * @throws {KinsumerError} `TableNotReady` when that takes longer than five minutes
   */
  createRequiredTables(): Promise<void> {
    const { announcer, options, ports } = this.#client;
    return this.#client.waitedFor(makeTables(ports, options, announcer));
  }

  /**
   * Deletes the three tables, and with them every checkpoint, and waits until they are gone. Does
   * nothing where the option `tables` brings all three.
   *
   * @throws {KinsumerError} `AlreadyRunning` while this client runs; `TableNotReady` when it takes
   * longer than five minutes
   */
  deleteTables(): Promise<void> {
    return this.#client.waitedFor(this.#deleteTables());
  }

  /**
   * Joins the fleet. Resolves once this client is registered and consuming what it is given.
   *
   * @throws {KinsumerError} `AlreadyRunning` at a second call, and after a stop; `NotRunning` when it
   * is stopped meanwhile; `ClientIdInUse` when others register under its ID again and again;
   * `StreamNotFound`, `StreamNotReady`, `TableNotFound`, `TableNotReady`, `AccessDenied`,
   * `CredentialsMissing` or `CredentialsRejected` when it cannot start
   */
  run(): Promise<void> {
    return this.#client.waitedFor(this.#client.run());
  }

  /**
   * The next record; `undefined` after `stop()`. All calls share one iterator: a call acknowledges
   * the record that the call before it returned, whoever made that call. Workers that run side by
   * side want an iterator each: `for await`.
   *
   * @throws {KinsumerError} `NotRunning` before `run()`; otherwise what this client cannot go on
   * with, such as `ClientIdInUse`
   */
  async next(): Promise<KinsumerRecord | undefined> {
    this.#client.assertStarted();
    return (await this.#shared.next()).value;
  }

  /** Iterates over the records; see the class. */
  [Symbol.asyncIterator](): AsyncIterableIterator<KinsumerRecord, undefined> {
    this.#client.assertStarted();
    return this.#records();
  }

  /**
   * Iterates over batches, for throughput: each has what one read of one shard returned. Asking
   * for the next acknowledges the whole batch before it.
   *
   * @throws {KinsumerError} `NotRunning` before `run()`
   */
  batches(): AsyncIterableIterator<RecordBatch, undefined> {
    this.#client.assertStarted();
    const { handoff, isManual, telemetry } = this.#client;
    return new PullIterator<DeliveredBatch>(
      telemetry.receive(() => handoff.pullBatch(), ({ records }) => records),
      isManual,
    );
  }

  /**
   * Waits until every shard that this client owns is read to its tip, give or take `lagMs`, and
   * every record that was read is processed. Shards of others do not count; the children of a shard
   * that this client has just finished do, if it gets them. Somebody must go on consuming meanwhile.
   *
   * @returns true once it is so; false when this client stopped first
   * @throws {KinsumerError} `NotRunning` before `run()`
   * @throws {RangeError} when the lag is not allowed
   * @throws the signal's reason when that aborts first
   */
  caughtUp(options: CaughtUpOptions = {}): Promise<boolean> {
    return this.#client.waitedFor(this.#caughtUp(options), true);
  }

  async #caughtUp(options: CaughtUpOptions): Promise<boolean> {
    this.#client.assertStarted();
    const lagMs = caughtUpLagMs(options);
    await this.#client.started;
    return await waitUntilCaughtUp(this.#client, lagMs, options.signal);
  }

  /**
   * Calls a handler for each record, shard by shard in order, shards side by side, until this client
   * stops. A record is processed once its handler's promise resolved; what a handler throws is
   * retried, and then the policy `onFailure` decides: without one, this client stops and the promise
   * rejects, so that nothing is passed over.
   *
   * @example Eight shards at a time, failures retried for ever
   * ```ts
   * const counts = await kinsumer.process(
   *   async (record, { signal }) => {
   *     await fetch("https://example.com/", { method: "POST", body: record.text(), signal });
   *   },
   *   { concurrency: { limit: 8 }, timeoutMs: 30_000, onFailure: { attempts: Infinity } },
   * );
   * console.log(`${counts.processed} records, ${counts.failures} failures`);
   * ```
   *
   * @throws {TypeError} when an option has the wrong type, or `acknowledge` is `manual`
   * @throws {RangeError} when an option's value is not allowed
   * @throws {KinsumerError} `HandlerFailed` after a failure whose policy is to stop; `NotRunning`
   * before `run()`; `AlreadyRunning` at a second call; what this client cannot go on with
   */
  process(
    handler: Handler,
    options?: ProcessOptions & { readonly batch?: false | undefined },
  ): Promise<ProcessCounts>;
  /** Likewise, several records at a time. */
  process(
    handler: BatchHandler,
    options: ProcessOptions & { readonly batch: true },
  ): Promise<ProcessCounts>;
  async process(
    handler: Handler | BatchHandler,
    options: ProcessOptions = {},
  ): Promise<ProcessCounts> {
    const handling = resolveHandling(handler, options);
    if (this.#client.isManual) {
      throw new TypeError('Cannot process: acknowledge must be "auto", got "manual"');
    }
    this.#client.assertStarted();
    return await this.#client.process({ handler, handling });
  }

  /**
   * Lets a paused shard go on: its records come again from the one that failed.
   *
   * @returns false when the shard is not paused on this client
   */
  resumeShard(shardId: string): boolean {
    return this.#client.processor?.resume(shardId) ?? false;
  }

  /**
   * The records as a Web stream. Nothing is read ahead of who pulls: pulling the next chunk
   * acknowledges the one before it, the end of the stream the last. Cancelling gives the current
   * chunk back, to be delivered again. Behind a `pipeThrough` that buffers, a chunk may be pulled
   * before the one before it is through: acknowledge by hand there (`acknowledge: "manual"`).
   *
   * @example
   * ```ts
   * await kinsumer.stream().pipeTo(
   *   new WritableStream({ write: (record) => handle(record.json()) }),
   * );
   * ```
   *
   * @throws {KinsumerError} `NotRunning` before `run()`
   */
  stream(): ReadableStream<KinsumerRecord> {
    this.#client.assertStarted();
    return streamOf(this.#records());
  }

  /**
   * Leaves the fleet: hands over no more records, waits for those in your hands, commits, releases
   * the shards to the others, and removes this client. Iterators end with their next pull, which
   * acknowledges what they returned last. Never rejects; a second call waits for the first.
   *
   * Inside a loop over this Kinsumer, leave the loop or do not wait for `stop()`: it waits for the
   * record that you hold.
   *
   * @throws {RangeError} when the deadline is not allowed
   */
  stop(options: StopOptions = {}): Promise<void> {
    const { deadlineMs = DEFAULT_DEADLINE_MS } = options;
    if (!(typeof deadlineMs === "number" && deadlineMs >= 0 && deadlineMs <= MAX_DEADLINE_MS)) {
      throw new RangeError(
        `Cannot stop: deadlineMs must be a number from 0 to ${MAX_DEADLINE_MS}, got ${deadlineMs}`,
      );
    }
    return this.#client.stop(deadlineMs);
  }

  /** {@linkcode stop} with its default deadline, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #records(): PullIterator<DeliveredRecord> {
    const { handoff, isManual, telemetry } = this.#client;
    const recordsOf = (record: DeliveredRecord) => [record];
    return new PullIterator<DeliveredRecord>(
      telemetry.receive(() => handoff.pullRecord(), recordsOf),
      isManual,
      telemetry.take(() => handoff.takeRecord(), recordsOf),
    );
  }

  async #deleteTables(): Promise<void> {
    const { isIdle, options, ports } = this.#client;
    if (!isIdle) {
      throw new KinsumerError("AlreadyRunning", "Cannot delete the tables: this client is running");
    }
    await removeTables(ports, options);
  }
}
