/**
 * Takes a consumer through its life: from new to running, and to stopped.
 *
 * @module
 */

import { assemble, type Assembly, contextOf } from "./assembly.ts";
import type { Ports } from "./connect.ts";
import { KinsumerError } from "./errors.ts";
import type { ProcessCounts } from "./handling.ts";
import type { Announcer } from "./loops/announcer.ts";
import type { Handoff } from "./loops/handoff.ts";
import { takeSnapshot } from "./loops/inspect.ts";
import { Member } from "./loops/member.ts";
import type { Membership } from "./loops/membership.ts";
import { Neighbours } from "./loops/neighbours.ts";
import { Processor } from "./loops/process.ts";
import { Watchdog } from "./loops/watchdog.ts";
import type { Work } from "./loops/work.ts";
import { type MembershipFactory, MEMBERSHIPS } from "./one_run.ts";
import type { KinsumerOptions } from "./options.ts";
import { assertReady } from "./readiness.ts";
import { type ResolvedOptions, resolveOptions } from "./resolve_options.ts";
import type { ClientState } from "./rules/health.ts";
import type { Clock } from "./runtime.ts";
import type { KinsumerSnapshot } from "./snapshot.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** How long a stop may take where nobody says. */
export const DEFAULT_DEADLINE_MS = 10_000;

/** One consumer, behind what its user holds. */
export class Client {
  readonly #assembly: Assembly;
  readonly #aborting = new AbortController();
  /** Ends what needs no farewell. */
  readonly #leaving = new AbortController();
  readonly #factory: MembershipFactory | undefined;
  #state: ClientState = "new";
  #member: Membership | undefined;
  #processor: Processor | undefined;
  #starting: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #watchdog: Watchdog | undefined;
  #unwatch: () => void = () => {};

  constructor(options: KinsumerOptions) {
    const resolved = resolveOptions(options);
    this.#factory = MEMBERSHIPS.get(options);
    this.#assembly = assemble(resolved, (pull) => void this.waitedFor(pull, true));
  }

  get options(): ResolvedOptions {
    return this.#assembly.options;
  }

  get ports(): Ports {
    return this.#assembly.ports;
  }

  get telemetry(): Telemetry {
    return this.#assembly.telemetry;
  }

  get announcer(): Announcer {
    return this.#assembly.announcer;
  }

  get handoff(): Handoff {
    return this.#assembly.handoff;
  }

  get clock(): Clock {
    return this.options.runtime.clock;
  }

  get member(): Membership | undefined {
    return this.#member;
  }

  /** The shards that this client owns now, sorted. */
  get ownedShardIds(): readonly string[] {
    const consumers = this.#member?.consumers ?? [];
    return consumers.filter((each) => each.isOwner).map((each) => each.shardId).sort();
  }

  get processor(): Processor | undefined {
    return this.#processor;
  }

  /** Whether the user acknowledges. */
  get isManual(): boolean {
    return this.options.acknowledge === "manual";
  }

  /** Whether it does not run now, and nothing of an earlier run is left. */
  get isIdle(): boolean {
    return this.#state === "new" || this.#state === "stopped";
  }

  get isStopping(): boolean {
    return this.#state === "stopping" || this.#state === "stopped";
  }

  /** Resolves when a run that was begun has begun, or failed to: its caller is told. */
  get started(): Promise<void> {
    return this.#starting.catch(() => {});
  }

  /** @throws {KinsumerError} `NotRunning` before a run */
  assertStarted(): void {
    if (this.#state !== "new") return;
    throw new KinsumerError("NotRunning", "Cannot consume: call and await run() first");
  }

  /** Joins the fleet. */
  async run(): Promise<void> {
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

  /** Leaves the fleet; a second call waits for the first. */
  stop(deadlineMs: number = DEFAULT_DEADLINE_MS): Promise<void> {
    this.#stopping ??= this.waitedFor(this.#stop(deadlineMs));
    return this.#stopping;
  }

  /** Lets handlers work until this client stops; stops it when they cannot go on. */
  async process(work: Omit<Work, "around" | "dedupe">): Promise<ProcessCounts> {
    if (this.#processor !== undefined) {
      throw new KinsumerError("AlreadyRunning", "Cannot process: a handler is at work already");
    }
    const { deadlineMs, signal } = work.handling;
    const stop = () => void this.stop(deadlineMs);
    if (signal?.aborted) stop();
    const { announcer, clock, handoff, options: { runtime: { random } } } = this;
    const processor = new Processor(
      { announcer, clock, handoff, random },
      { ...work, around: this.telemetry.process() },
    );
    this.#processor = processor;
    signal?.addEventListener("abort", stop, { once: true });
    await this.waitedFor(processor.ended, true);
    signal?.removeEventListener("abort", stop);
    await this.stop(deadlineMs);
    processor.close();
    if (processor.failure !== undefined) throw processor.failure.error;
    return processor.counts;
  }

  /** What it is doing. */
  snapshot(): KinsumerSnapshot {
    return takeSnapshot({
      context: {
        clock: this.clock,
        handoff: this.handoff,
        lease: this.#assembly.lease,
        options: this.options,
      },
      state: this.#state,
      isLeader: this.#member?.isLeader ?? false,
      consumers: this.#member?.consumers ?? [],
      pausedShards: this.#processor?.pausedShards ?? [],
      stalls: this.#watchdog?.stalls ?? new Map(),
      errors: this.#assembly.errors,
    });
  }

  /** Tells the runtime, whose clock may be virtual, that the user waits. */
  waitedFor<Result>(until: Promise<Result>, isForRecords: boolean = false): Promise<Result> {
    const { onWait } = this.options.runtime;
    onWait?.({ until, isForRecords, inHandCount: this.#inHandCount });
    return until;
  }

  /** With manual acknowledgement, who asks for more may only be collecting. */
  readonly #inHandCount = (): number => {
    if (this.#processor !== undefined) return this.#processor.runningCount;
    return this.isManual && this.handoff.hasPullers ? 0 : this.handoff.inHandCount;
  };

  async #start(): Promise<void> {
    const { signal } = this.#aborting;
    // A visit finds out by its first requests, which are counted.
    if (this.#factory === undefined) await assertReady(this.ports, this.options, signal);
    const context = contextOf(this.#assembly);
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
    const { applications } = this.ports;
    if (applications !== undefined && this.#factory === undefined) {
      new Neighbours(context, applications, () => member.isLeader).run(this.#leaving.signal);
    }
    this.announcer.announce({ type: "started", clientId: this.options.clientId });
  }

  #watch(): void {
    const { handoff } = this;
    const countOwned = () => this.ownedShardIds.length;
    const countPaused = () => this.#processor?.pausedShards.length ?? 0;
    this.#unwatch = this.telemetry.watch({
      get ownedCount() {
        return countOwned();
      },
      get pausedCount() {
        return countPaused();
      },
      get bufferBytes() {
        return handoff.heldBytes;
      },
      bufferLimit: handoff.maxBytes,
    });
  }

  /** Waits until `run()` has given up, which tells its own caller why. */
  async #settleStart(deadlineMs: number): Promise<void> {
    const settled = new AbortController();
    const starting = this.#starting.catch(() => {}).then(() => settled.abort());
    await Promise.race([
      starting,
      this.options.runtime.clock.sleep(deadlineMs / 2, settled.signal),
    ]);
    settled.abort();
  }

  #fail(error: KinsumerError): void {
    this.announcer.announce({ type: "failed", error });
    this.handoff.fail(error);
    this.stop();
  }

  async #stop(deadlineMs: number): Promise<void> {
    const wasStarting = this.#state === "starting";
    this.#state = "stopping";
    this.#leaving.abort();
    this.handoff.close();
    const startedAtMs = this.clock.monotonicMs();
    if (wasStarting) this.#aborting.abort(new KinsumerError("NotRunning", "Cannot run: stopped"));
    await this.#settleStart(deadlineMs);
    const spentMs = this.clock.monotonicMs() - startedAtMs;
    const isClean = await this.#member?.leave(Math.max(0, deadlineMs - spentMs)) ?? true;
    this.#unwatch();
    this.#state = "stopped";
    this.announcer.announce({ type: "stopped", clientId: this.options.clientId, isClean });
  }
}
