/**
 * A run's row among the clients: says now and then that it lives, and gives its shards up where the
 * fleet took it for dead.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { LossReason } from "../events.ts";
import { persist } from "../loops/persist.ts";
import type { ClientRow } from "../model.ts";
import type { BeatingClient, BeatOutcome } from "../tables/clients_api.ts";
import type { EdgeContext } from "./context.ts";

/** How many beats a run makes within its time to live. */
const BEATS_WITHIN_MAX_AGE = 3;

/** Who is told what beats bring. */
export interface BeatsListener {
  /** Others may own this run's shards from now on. */
  readonly onFenced: (reason: LossReason) => void;
  /** Another process has this run's client ID. */
  readonly onConflict: (error: KinsumerError) => void;
}

/** A run's row among the clients. */
export class Beats {
  readonly #context: EdgeContext;
  readonly #listener: BeatsListener;
  readonly #ending = new AbortController();
  #row: ClientRow | undefined;
  #isRegistering = false;
  #beating: Promise<void> | undefined;
  #dueAtMs = 0;

  constructor(context: EdgeContext, listener: BeatsListener) {
    this.#context = context;
    this.#listener = listener;
  }

  /** Writes the row: the run is part of the fleet from then on. */
  async register(signal: AbortSignal): Promise<void> {
    const { clients } = this.#context;
    this.#isRegistering = true;
    await this.#note(async () => ({
      outcome: "beaten",
      row: await clients.register(this.#self, signal),
    }));
  }

  /** Beats where it is time to, and gives up what may be others' where it could not. */
  beatIfDue(): void {
    const { clock, maySpend } = this.#context;
    this.#fenceIfLapsed();
    if (this.#beating !== undefined || this.#ending.signal.aborted) return;
    if (clock.monotonicMs() < this.#dueAtMs || !maySpend()) return;
    this.#beating = this.#beat().finally(() => this.#beating = undefined);
  }

  /** Beats no more. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#beating;
  }

  /** Removes the row, unless another process has taken it over, or it was never written. */
  async removeRow(signal: AbortSignal): Promise<void> {
    const { clients } = this.#context;
    if (!this.#isRegistering) return;
    if (this.#row !== undefined && await clients.remove(this.#row, signal)) return;
    // What wrote the row may have landed although its answer was lost.
    const last = await clients.beat(this.#self, signal);
    if (last.outcome === "beaten") await clients.remove(last.row, signal);
  }

  async #beat(): Promise<void> {
    const { clients, options: { shardCheckIntervalMs: maxDelayMs } } = this.#context;
    const { signal } = this.#ending;
    const what = { operation: "heartbeat", signal, maxDelayMs };
    const beat = () => this.#note(() => clients.beat(this.#self, signal));
    await persist(
      this.#context,
      what,
      () => this.#row === undefined ? this.register(signal) : beat(),
    );
  }

  #fenceIfLapsed(): void {
    if (!this.#context.lease.isValid) this.#listener.onFenced("lease-expired");
  }

  /** Notes what a beat brought; the next is due an interval after this one began. */
  async #note(beat: () => Promise<BeatOutcome>): Promise<void> {
    const { announcer, clock, lease, options, random } = this.#context;
    const { clientId, clientRecordMaxAgeMs, shardCheckIntervalMs } = options;
    const askedAtMs = clock.monotonicMs();
    const result = await beat();
    const seldom = clientRecordMaxAgeMs / BEATS_WITHIN_MAX_AGE;
    const intervalMs = Math.max(shardCheckIntervalMs, seldom);
    // A twentieth early or late, so that those that started together do not beat in step.
    this.#dueAtMs = askedAtMs + intervalMs * (0.95 + random.next() / 10);
    if (result.outcome === "beaten") {
      this.#row = result.row;
      this.#fenceIfLapsed(); // it may have lapsed since the last look
      lease.renew(askedAtMs);
    } else if (result.outcome === "conflict") {
      const message = `Cannot go on: another process has registered as client "${clientId}"`;
      const facts = { operation: "heartbeat" };
      const error = new KinsumerError("ClientIdInUse", message, facts);
      announcer.announce({ type: "failed", error });
      this.#listener.onConflict(error);
    } else {
      this.#row = undefined; // the next beat registers, at once
      this.#dueAtMs = 0;
      lease.end();
      this.#listener.onFenced("expelled");
    }
  }

  get #self(): BeatingClient {
    const { incarnation, options: { clientId, clientName, clientRecordMaxAgeMs: maxAgeMs } } =
      this.#context;
    return { clientId, clientName, maxAgeMs, incarnation, isLeaving: true };
  }
}
