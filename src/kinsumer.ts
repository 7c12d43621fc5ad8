/**
 * The consumer: wires the ports to the loops, and is what a user holds.
 *
 * @module
 */

import { connect, type Ports } from "./connect.ts";
import { KinsumerError } from "./errors.ts";
import type {
  BatchHandler,
  Handler,
  PausedShard,
  ProcessCounts,
  ProcessOptions,
} from "./handling.ts";
import { Announcer, attempt } from "./loops/announcer.ts";
import type { DeliveredBatch, DeliveredRecord } from "./loops/delivery.ts";
import { Handoff } from "./loops/handoff.ts";
import { takeSnapshot } from "./loops/inspect.ts";
import { LastErrors } from "./loops/last_errors.ts";
import { Lease } from "./loops/lease.ts";
import { Member } from "./loops/member.ts";
import type { Membership } from "./loops/membership.ts";
import { Neighbours } from "./loops/neighbours.ts";
import { Processor } from "./loops/process.ts";
import { PullIterator } from "./loops/pull.ts";
import { Watchdog } from "./loops/watchdog.ts";
import type { KinsumerRecord, RecordBatch } from "./model.ts";
import { type MembershipFactory, MEMBERSHIPS } from "./one_run.ts";
import type { KinsumerOptions } from "./options.ts";
import { assertReady, hasOwnTables, tableOptions } from "./readiness.ts";
import { resolveHandling } from "./resolve_handling.ts";
import { type ResolvedOptions, resolveOptions } from "./resolve_options.ts";
import type { ClientState } from "./rules/health.ts";
import { resourcesOf } from "./shared.ts";
import type { KinsumerSnapshot } from "./snapshot.ts";
import { createOneMore, createTables, deleteTables } from "./tables/schema.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

/** How to stop. */
export interface StopOptions {
  /**
   * Milliseconds within which `stop()` resolves, come what may: 0 to 3,600,000. Records that are
   * in your hands and not acknowledged by then will be delivered again. @default {10000}
   */
  readonly deadlineMs?: number;
}

/** When a consumer counts as caught up. */
export interface CaughtUpOptions {
  /**
   * How far behind the tip of each shard the last read may be: 0 to 86,400,000 milliseconds.
   * @default {1000}
   */
  readonly lagMs?: number | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_LAG_MS = 1_000;
const MAX_LAG_MS = 86_400_000;
/** How often it is looked, in memory, whether all is caught up. */
const LOOK_INTERVAL_MS = 25;
const DEFAULT_DEADLINE_MS = 10_000;
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
  readonly #options: ResolvedOptions;
  readonly #ports: Ports;
  readonly #telemetry: Telemetry;
  readonly #announcer: Announcer;
  readonly #handoff: Handoff;
  readonly #lease: Lease;
  readonly #shared: PullIterator<DeliveredRecord>;
  readonly #aborting = new AbortController();
  /** Ends what needs no farewell. */
  readonly #leaving = new AbortController();
  /** With manual acknowledgement, who asks for more may only be collecting. */
  readonly #inHandCount = (): number => {
    if (this.#processor !== undefined) return this.#processor.runningCount;
    return this.#isManual && this.#handoff.hasPullers ? 0 : this.#handoff.inHandCount;
  };
  #state: ClientState = "new";
  #member: Membership | undefined;
  #processor: Processor | undefined;
  readonly #factory: MembershipFactory | undefined;
  #starting: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #watchdog: Watchdog | undefined;
  readonly #errors: LastErrors;
  #unwatch: () => void = () => {};

  /**
   * Checks the options. Sends nothing yet.
   *
   * @throws {TypeError} when an option is missing, has the wrong type, or is not known
   * @throws {RangeError} when an option's value is not allowed
   */
  constructor(options: KinsumerOptions) {
    const resolved = resolveOptions(options);
    const { clientId, runtime: { clock, onWait }, statsReceiver } = resolved;
    this.#options = resolved;
    this.#factory = MEMBERSHIPS.get(options);
    const telemetry = new Telemetry({ ...resolved, clock }, resolved.extractContext);
    this.#telemetry = telemetry;
    this.#errors = new LastErrors(clock);
    const { logger, onEvent } = resolved;
    this.#announcer = new Announcer({
      logger,
      onEvent: (event) => {
        telemetry.observe(event);
        this.#errors.note(event);
        onEvent?.(event);
      },
    }, { clientId });
    this.#ports = connect(resolved, {
      telemetry,
      onRetry: ({ target, attempt: failures, delayMs, error }) =>
        this.#announcer.retried(error, { operation: operationOf(target), failures, delayMs }),
      onWireRefused: (error) => this.#announcer.announce({ type: "wire-refused", error }),
    });
    this.#lease = new Lease(clock, resolved.clientRecordMaxAgeMs);
    this.#handoff = new Handoff({
      streamName: resolved.streamName,
      maxBufferedBytes: resolved.maxBufferedBytes,
      budget: resourcesOf(resolved.shared)?.budget,
      bufferSize: resolved.bufferSize,
      isLeaseValid: () => this.#lease.isValid,
      onHandedOver: statsReceiver && (({ received, retrievedMs }, from, to) => {
        for (const record of received.slice(from, to)) {
          const insertedMs = record.approximateArrivalMs;
          attempt(() => statsReceiver.eventToClient({ insertedMs, retrievedMs }));
        }
      }),
      onWait: onWait && ((pull) => this.#waitedFor(pull, true)),
    });
    this.#shared = this.#records();
  }

  /** Identifies this client in the fleet. */
  get clientId(): string {
    return this.#options.clientId;
  }

  /** Whether this client leads the fleet now. */
  get isLeader(): boolean {
    return this.#member?.isLeader ?? false;
  }

  /** The shards that this client owns now, sorted. */
  get ownedShardIds(): readonly string[] {
    const consumers = this.#member?.consumers ?? [];
    return consumers.filter((each) => each.isOwner).map((each) => each.shardId).sort();
  }

  /** The shards that stand still, because a handler failed and the policy is `pauseShard`. */
  get pausedShards(): readonly PausedShard[] {
    return this.#processor?.pausedShards ?? [];
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
    const { runtime: { clock } } = this.#options;
    return takeSnapshot({
      context: { clock, handoff: this.#handoff, lease: this.#lease, options: this.#options },
      state: this.#state,
      isLeader: this.isLeader,
      consumers: this.#member?.consumers ?? [],
      pausedShards: this.pausedShards,
      stalls: this.#watchdog?.stalls ?? new Map(),
      errors: this.#errors,
    });
  }

  /**
   * Makes the three tables in DynamoDB, where they do not exist yet, and waits until they can be
   * used. Safe to call from every client at every start. Does nothing where the option `tables`
   * brings all three.
   *
   * @throws {KinsumerError} `TableNotReady` when that takes longer than five minutes
   */
  createRequiredTables(): Promise<void> {
    return this.#waitedFor(this.#createTables());
  }

  /**
   * Deletes the three tables, and with them every checkpoint, and waits until they are gone. Does
   * nothing where the option `tables` brings all three.
   *
   * @throws {KinsumerError} `AlreadyRunning` while this client runs; `TableNotReady` when it takes
   * longer than five minutes
   */
  deleteTables(): Promise<void> {
    return this.#waitedFor(this.#deleteTables());
  }

  /**
   * Joins the fleet. Resolves once this client is registered and consuming what it is given.
   *
   * @throws {KinsumerError} `AlreadyRunning` at a second call, and after a stop; `NotRunning` when it
   * is stopped meanwhile; `StreamNotFound`, `StreamNotReady`,
   * `TableNotFound`, `TableNotReady`, `AccessDenied`, `CredentialsMissing` or
   * `CredentialsRejected` when it cannot start
   */
  run(): Promise<void> {
    return this.#waitedFor(this.#run());
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
    this.#assertStarted();
    return (await this.#shared.next()).value;
  }

  /** Iterates over the records; see the class. */
  [Symbol.asyncIterator](): AsyncIterableIterator<KinsumerRecord, undefined> {
    this.#assertStarted();
    return this.#records();
  }

  /**
   * Iterates over batches, for throughput: each has what one read of one shard returned. Asking
   * for the next acknowledges the whole batch before it.
   *
   * @throws {KinsumerError} `NotRunning` before `run()`
   */
  batches(): AsyncIterableIterator<RecordBatch, undefined> {
    this.#assertStarted();
    return new PullIterator<DeliveredBatch>(
      this.#telemetry.receive(() => this.#handoff.pullBatch(), ({ records }) => records),
      this.#isManual,
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
    return this.#waitedFor(this.#caughtUp(options), true);
  }

  async #caughtUp({ lagMs = DEFAULT_LAG_MS, signal }: CaughtUpOptions): Promise<boolean> {
    this.#assertStarted();
    if (!(typeof lagMs === "number" && lagMs >= 0 && lagMs <= MAX_LAG_MS)) {
      throw new RangeError(
        `Cannot wait to catch up: lagMs must be a number from 0 to ${MAX_LAG_MS}, got ${lagMs}`,
      );
    }
    await this.#starting.catch(() => {}); // run() tells its own caller
    const giveUp = new AbortController();
    const closedIds = this.#member?.closedShardIds(giveUp.signal);
    let known: ReadonlySet<string> | undefined;
    closedIds?.then((ids) => known = ids);
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (this.#state === "stopping" || this.#state === "stopped") return false;
        if (known !== undefined && this.#member?.isCaughtUp(lagMs, known)) return true;
        await this.#options.runtime.clock.sleep(LOOK_INTERVAL_MS, signal);
      }
    } finally {
      giveUp.abort();
    }
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
    if (this.#isManual) {
      throw new TypeError('Cannot process: acknowledge must be "auto", got "manual"');
    }
    this.#assertStarted();
    if (this.#processor !== undefined) {
      throw new KinsumerError("AlreadyRunning", "Cannot process: a handler is at work already");
    }
    const { runtime: { clock, random } } = this.#options;
    const stop = () => void this.stop({ deadlineMs: handling.deadlineMs });
    if (handling.signal?.aborted) stop();
    const processor = new Processor(
      { announcer: this.#announcer, clock, handoff: this.#handoff, random },
      { handler, handling, around: this.#telemetry.process() },
    );
    this.#processor = processor;
    handling.signal?.addEventListener("abort", stop, { once: true });
    await this.#waitedFor(processor.ended, true);
    handling.signal?.removeEventListener("abort", stop);
    await this.stop({ deadlineMs: handling.deadlineMs });
    processor.close();
    if (processor.failure !== undefined) throw processor.failure.error;
    return processor.counts;
  }

  /**
   * Lets a paused shard go on: its records come again from the one that failed.
   *
   * @returns false when the shard is not paused on this client
   */
  resumeShard(shardId: string): boolean {
    return this.#processor?.resume(shardId) ?? false;
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
    this.#assertStarted();
    const records = this.#records();
    return new ReadableStream<KinsumerRecord>({
      pull: async (controller) => {
        const { done, value } = await records.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void await records.return(),
    }, { highWaterMark: 0 }); // a chunk that waited inside of the stream would count as processed
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
    this.#stopping ??= this.#waitedFor(this.#stop(deadlineMs));
    return this.#stopping;
  }

  /** {@linkcode stop} with its default deadline, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #isManual(): boolean {
    return this.#options.acknowledge === "manual";
  }

  #records(): PullIterator<DeliveredRecord> {
    return new PullIterator<DeliveredRecord>(
      this.#telemetry.receive(() => this.#handoff.pullRecord(), (record) => [record]),
      this.#isManual,
      () => this.#telemetry.isReceiveWatched ? undefined : this.#handoff.takeRecord(),
    );
  }

  #assertStarted(): void {
    if (this.#state !== "new") return;
    throw new KinsumerError("NotRunning", "Cannot consume: call and await run() first");
  }

  async #createTables(): Promise<void> {
    const { coordination, deletionProtection, pointInTimeRecovery, tableTags } = this.#options;
    const provisioned = this.#options.tableCapacity;
    const common = { ...tableOptions(this.#ports, this.#options), provisioned, tags: tableTags };
    if (coordination !== undefined) {
      await createOneMore({ ...common, tableName: coordination.tableName });
    }
    if (hasOwnTables(this.#options)) return;
    await createTables({
      ...common,
      isDeletionProtected: deletionProtection,
      isRecoverable: pointInTimeRecovery,
      onMissing: (missing) => this.#announcer.announce({ type: "table-unprotected", ...missing }),
    });
  }

  async #deleteTables(): Promise<void> {
    if (this.#state !== "new" && this.#state !== "stopped") {
      throw new KinsumerError("AlreadyRunning", "Cannot delete the tables: this client is running");
    }
    if (hasOwnTables(this.#options)) return;
    await deleteTables(tableOptions(this.#ports, this.#options));
  }

  async #run(): Promise<void> {
    if (this.#state !== "new") {
      const state = this.#state === "stopped" || this.#state === "stopping"
        ? "it was stopped; create another"
        : "it is running already";
      throw new KinsumerError("AlreadyRunning", `Cannot run this Kinsumer: ${state}`);
    }
    this.#state = "starting";
    this.#starting = this.#start();
    try {
      await this.#starting;
    } catch (error) {
      if (this.#state === "starting") {
        this.#state = "new";
        this.#member = undefined;
      }
      throw error;
    }
  }

  /** Tells the runtime, whose clock may be virtual, that the user waits. */
  #waitedFor<Result>(until: Promise<Result>, isForRecords: boolean = false): Promise<Result> {
    const { onWait } = this.#options.runtime;
    onWait?.({ until, isForRecords, inHandCount: this.#inHandCount });
    return until;
  }

  async #start(): Promise<void> {
    const { signal } = this.#aborting;
    // A visit finds out by its first requests, which are counted.
    if (this.#factory === undefined) await assertReady(this.#ports, this.#options, signal);
    const { runtime: { clock, random } } = this.#options;
    const context = {
      options: this.#options,
      clock,
      random,
      kinesis: this.#ports.kinesis,
      clients: this.#ports.clients,
      checkpoints: this.#ports.checkpoints,
      metadata: this.#ports.metadata,
      announcer: this.#announcer,
      handoff: this.#handoff,
      lease: this.#lease,
      telemetry: this.#telemetry,
      pace: { throttleDelayMs: this.#options.throttleDelayMs },
    };
    const create = this.#factory ?? ((context, onFatal) => new Member(context, onFatal));
    const member = create(context, (error) => this.#fail(error));
    this.#member = member; // before it joins: a stop meanwhile must remove what it registers
    await member.join(signal);
    if (this.#state === "starting") this.#state = "running";
    this.#watch();
    if (this.#factory === undefined) {
      this.#watchdog = new Watchdog(context, () => member.consumers);
      this.#watchdog.run(this.#leaving.signal);
    }
    const { applications } = this.#ports;
    if (applications !== undefined && this.#factory === undefined) {
      new Neighbours(context, applications, () => member.isLeader).run(this.#leaving.signal);
    }
    this.#announcer.announce({ type: "started", clientId: this.clientId });
  }

  #watch(): void {
    const [handoff, { maxBufferedBytes }] = [this.#handoff, this.#options];
    const countOwned = () => this.ownedShardIds.length;
    this.#unwatch = this.#telemetry.watch({
      get ownedCount() {
        return countOwned();
      },
      get bufferBytes() {
        return handoff.heldBytes;
      },
      bufferLimit: maxBufferedBytes,
    });
  }

  /** Waits until `run()` has given up, which tells its own caller why. */
  async #settleStart(deadlineMs: number): Promise<void> {
    const settled = new AbortController();
    const starting = this.#starting.catch(() => {}).then(() => settled.abort());
    await Promise.race([
      starting,
      this.#options.runtime.clock.sleep(deadlineMs / 2, settled.signal),
    ]);
    settled.abort();
  }

  #fail(error: KinsumerError): void {
    this.#announcer.announce({ type: "failed", error });
    this.#handoff.fail(error);
    this.stop();
  }

  async #stop(deadlineMs: number): Promise<void> {
    const wasStarting = this.#state === "starting";
    this.#state = "stopping";
    this.#leaving.abort();
    this.#handoff.close();
    if (wasStarting) this.#aborting.abort(new KinsumerError("NotRunning", "Cannot run: stopped"));
    await this.#settleStart(deadlineMs);
    const isClean = await this.#member?.leave(deadlineMs) ?? true;
    this.#unwatch();
    this.#state = "stopped";
    this.#announcer.announce({ type: "stopped", clientId: this.clientId, isClean });
  }
}

function operationOf(target: string): string {
  return target.slice(target.indexOf(".") + 1);
}
