/**
 * Beats: says at every shard check interval that this client lives, learns with the answer which
 * shards are its own, and gives every shard up when it could not beat in time.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { LossReason } from "../events.ts";
import type { ClientRow } from "../model.ts";
import { backoffMs } from "../rules/pacing.ts";
import type { BeatingClient } from "../tables/clients_api.ts";
import type { LoopContext } from "./context.ts";
import { persist, toError } from "./persist.ts";

const RETRY_BASE_MS = 100;
/** A beat begins no sooner after the last one's answer than this part of the interval. */
const LEAST_PAUSE_DIVISOR = 10;
/** How many beats a visit makes within its time to live. */
const BEATS_OF_A_VISIT = 3;

/** What a heartbeat tells the rest of the client. */
export interface HeartbeatListener {
  /** The row after each beat. */
  onBeat(row: ClientRow): void;
  /** Others may own this client's shards from now on. */
  onFenced(reason: LossReason): void;
  /** Another process has this client's ID: this one cannot go on. */
  onConflict(error: KinsumerError): void;
}

/** One client's heartbeat. */
export class Heartbeat {
  readonly #context: LoopContext;
  readonly #listener: HeartbeatListener;
  readonly #intervalMs: number;
  readonly #ledClientCount: () => number;
  #isLeaving: boolean;
  #waking = new AbortController();
  #row: ClientRow | undefined;
  #startedCount = 0;
  #endedCount = 0;

  /**
   * @param how.isVisit true for a client that is here for one run: it is given no shards, and beats as
   * seldom as it may
   * @param how.ledClientCount asked at each beat: how many clients it says that this one leads; 0: none
   */
  constructor(
    context: LoopContext,
    listener: HeartbeatListener,
    how: { readonly isVisit?: boolean; readonly ledClientCount?: () => number } = {},
  ) {
    const { clientRecordMaxAgeMs, shardCheckIntervalMs } = context.options;
    this.#isLeaving = how.isVisit === true;
    this.#intervalMs = how.isVisit === true
      ? Math.max(shardCheckIntervalMs, clientRecordMaxAgeMs / BEATS_OF_A_VISIT)
      : shardCheckIntervalMs;
    this.#ledClientCount = how.ledClientCount ?? (() => 0);
    this.#context = context;
    this.#listener = listener;
  }

  /** The row as the last beat left it. */
  get row(): ClientRow | undefined {
    return this.#row;
  }

  /** How many beats were begun. */
  get startedCount(): number {
    return this.#startedCount;
  }

  /** How many of them have landed or failed. */
  get endedCount(): number {
    return this.#endedCount;
  }

  /** Writes the client's row: it is part of the fleet from then on. */
  async register(signal: AbortSignal): Promise<void> {
    const { clients, clock, handoff, lease } = this.#context;
    const askedAtMs = clock.monotonicMs();
    this.#row = await clients.register(this.#self(), signal);
    lease.renew(askedAtMs);
    handoff.wake();
  }

  /** Removes the client's row, unless another process has taken it over. */
  async deregister(signal: AbortSignal): Promise<void> {
    const { clients } = this.#context;
    const last = await clients.beat(this.#self(), signal);
    if (last.outcome === "beaten") await clients.remove(last.row, signal);
  }

  /** Removes the row that the last beat left, if this process still has it, with one request. */
  async removeRow(signal: AbortSignal): Promise<void> {
    const isRemoved = this.#row !== undefined &&
      await this.#context.clients.remove(this.#row, signal);
    if (!isRemoved) await this.deregister(signal);
  }

  /** Beats at once, and then as before. */
  wake(): void {
    this.#waking.abort();
  }

  /** Says with the next beat, which comes at once, that this client takes no more shards. */
  leave(): void {
    this.#isLeaving = true;
    this.wake();
  }

  /** Beats until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.wake(), { once: true });
    await Promise.all([this.#beatLoop(signal), this.#watchLease(signal)]);
  }

  async #beatLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    let startedAtMs = clock.monotonicMs();
    for (let failures = 0; !signal.aborted;) {
      const tookMs = clock.monotonicMs() - startedAtMs;
      const delayMs = failures > 0 ? this.#retryDelayMs(failures) : this.#delayMs(tookMs);
      await clock.sleep(delayMs, this.#waking.signal);
      if (signal.aborted) return;
      this.#waking = new AbortController();
      if (this.#context.maySpend?.() === false) continue;
      this.#startedCount++;
      startedAtMs = clock.monotonicMs();
      failures = await this.#beat(signal, failures);
      this.#endedCount = this.#startedCount;
    }
  }

  /** @returns how many beats in a row have failed */
  async #beat(signal: AbortSignal, failures: number): Promise<number> {
    const { announcer, clients, clock, handoff, lease } = this.#context;
    const askedAtMs = clock.monotonicMs();
    try {
      const result = await clients.beat(this.#self(), signal);
      if (signal.aborted) return 0;
      if (result.outcome === "conflict") this.#listener.onConflict(conflict(this.#self().clientId));
      if (result.outcome === "expelled") await this.#rejoin(signal);
      if (result.outcome !== "beaten") return 0;
      this.#row = result.row;
      lease.renew(askedAtMs);
      handoff.wake();
      this.#listener.onBeat(result.row);
      return 0;
    } catch (cause) {
      if (signal.aborted) return 0;
      const delayMs = this.#retryDelayMs(failures + 1);
      const error = toError(cause, { operation: "heartbeat" });
      announcer.retried(error, { operation: "heartbeat", failures: failures + 1, delayMs });
      return failures + 1;
    }
  }

  async #rejoin(signal: AbortSignal): Promise<void> {
    this.#context.lease.end();
    this.#listener.onFenced("expelled");
    const what = { operation: "register", signal };
    await persist(this.#context, what, () => this.register(signal));
    if (this.#row !== undefined) this.#listener.onBeat(this.#row);
  }

  /** Gives the shards up as soon as the lease ends, whether or not a beat is under way. */
  async #watchLease(signal: AbortSignal): Promise<void> {
    const { clock, lease, options: { shardCheckIntervalMs } } = this.#context;
    while (!signal.aborted) {
      if (!lease.isValid) this.#listener.onFenced("lease-expired");
      await clock.sleep(lease.isValid ? lease.remainingMs : shardCheckIntervalMs, signal);
    }
  }

  /** Counts from beat to beat, so that a slow answer does not delay the next; but leaves a pause. */
  #delayMs(tookMs: number): number {
    // A twentieth early or late, so that a fleet that started together does not beat in step.
    const delayMs = this.#intervalMs * (0.95 + this.#context.random.next() / 10);
    return Math.max(delayMs - tookMs, this.#intervalMs / LEAST_PAUSE_DIVISOR);
  }

  #retryDelayMs(failures: number): number {
    const { random, options: { shardCheckIntervalMs } } = this.#context;
    const maxMs = shardCheckIntervalMs;
    return Math.round(backoffMs({ failures, baseMs: RETRY_BASE_MS, maxMs, chance: random.next() }));
  }

  #self(): BeatingClient {
    const { clientId, clientName, clientRecordMaxAgeMs } = this.#context.options;
    return {
      clientId,
      clientName,
      maxAgeMs: clientRecordMaxAgeMs,
      incarnation: this.#context.incarnation,
      isLeaving: this.#isLeaving,
      ledClientCount: this.#ledClientCount(),
    };
  }
}

function conflict(clientId: string): KinsumerError {
  return new KinsumerError(
    "ClientIdInUse",
    `Cannot go on: another process has registered as client "${clientId}"`,
    { operation: "heartbeat" },
  );
}
