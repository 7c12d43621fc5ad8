/**
 * Tells what is the Go library's own doing from what is ours.
 *
 * Go takes a shard whose row its wall clock calls old, whether or not its owner lives, and asks
 * nobody. So much is allowed for, and nothing else:
 *
 * - The owner that it takes a shard from, one of ours or of its own, cannot know before its next checkpoint is refused. For
 *   {@linkcode UNAWARE_MS} from the first record that it hands over meanwhile it may go on, and what
 *   it processed since its last checkpoint may come twice.
 * - Its capture does not ask whether the row is as it was when Go read it. What the owner committed
 *   in between, if only to release the shard, is undone, and what that covered comes again.
 * - A Go client that is killed, or from which another Go client takes a shard, may have handed over
 *   what comes again: it commits by a timer.
 * - Where a Go client leads, it publishes children with their parents, and Go clients read them.
 *
 * No loss is allowed for, since the Go client of the simulation processes what it hands over at that
 * moment; nor is anything that one of our clients does with a shard that no Go client took from it.
 *
 * @module
 */

import type { Clock } from "../../src/runtime.ts";

/** Until an owner finds out by its own next checkpoint: milliseconds. */
const UNAWARE_MS = 20_000;

interface Theft {
  readonly atMs: number;
  /** How many of the shard's records the row covered. */
  readonly covered: number;
  /** When the former owner first handed over one more. */
  handedAtMs: number | undefined;
  /** When it captured the shard anew. */
  recapturedAtMs: number;
}

/** Records whose checkpoint Go undid. */
interface PutBack {
  readonly atMs: number;
  /** From this many records covered (included) to this many (excluded). */
  readonly from: number;
  readonly to: number;
}

/** What is the Go library's own doing. */
export class GoFaults {
  /** After how long without a write Go calls a row old: milliseconds. */
  maxAgeMs: number = Infinity;
  readonly #clock: Clock;
  /** By client ID: the name of each Go client that is neither killed nor gone. */
  readonly #living = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #thefts = new Map<string, Theft[]>();
  readonly #putBacks = new Map<string, PutBack[]>();
  /** Shards that a Go leader published. */
  readonly #published = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  joined(name: string, clientId: string): void {
    this.#names.set(clientId, name);
    this.#living.set(clientId, name);
  }

  gone(clientId: string): void {
    this.#living.delete(clientId);
  }

  /** The name of a Go client; `undefined` for one of ours. */
  nameOf(clientId: string | undefined): string | undefined {
    return clientId === undefined ? undefined : this.#names.get(clientId);
  }

  isLiving(clientId: string): boolean {
    return this.#living.has(clientId);
  }

  /** A Go client took a shard from another client, when the row covered so many records. */
  took(shardId: string, victim: string, covered: number): void {
    const key = `${victim}/${shardId}`;
    const atMs = this.#clock.monotonicMs();
    const theft = { atMs, covered, handedAtMs: undefined, recapturedAtMs: Infinity };
    this.#thefts.set(key, [...this.#thefts.get(key) ?? [], theft]);
  }

  /** A Go client captured a shard with an older checkpoint than its row had. */
  putBack(shardId: string, covered: { readonly from: number; readonly to: number }): void {
    const putBack = { atMs: this.#clock.monotonicMs(), ...covered };
    this.#putBacks.set(shardId, [...this.#putBacks.get(shardId) ?? [], putBack]);
  }

  /** A client of ours captured a shard anew. */
  captured(name: string, shardId: string): void {
    const latest = this.#thefts.get(`${name}/${shardId}`)?.at(-1);
    if (latest?.recapturedAtMs === Infinity) latest.recapturedAtMs = this.#clock.monotonicMs();
  }

  /** A client hands over a record of a shard that a Go client may have taken from it. */
  handsOver(name: string, shardId: string): void {
    const theft = this.#thefts.get(`${name}/${shardId}`)?.at(-1);
    if (theft !== undefined) theft.handedAtMs ??= this.#clock.monotonicMs();
  }

  /** Whether one of ours may hand over a record of a shard that is a Go client's now. */
  mayBeUnaware(name: string, shardId: string): boolean {
    this.handsOver(name, shardId);
    const theft = this.#thefts.get(`${name}/${shardId}`)?.at(-1);
    return theft !== undefined && isUnaware(theft, this.#clock.monotonicMs());
  }

  /** Whether a record that a client was handed then may be handed over again. */
  mayRepeat(
    shardId: string,
    { client, atMs, place }: {
      readonly client: string;
      readonly atMs: number;
      readonly place: number;
    },
  ): boolean {
    const thefts = this.#thefts.get(`${client}/${shardId}`) ?? [];
    const putBacks = this.#putBacks.get(shardId) ?? [];
    return thefts.some((theft) => place >= theft.covered && isUnaware(theft, atMs)) ||
      putBacks.some((each) => each.from <= place && place < each.to && atMs <= each.atMs);
  }

  published(shardIds: readonly string[]): void {
    for (const shardId of shardIds) this.#published.add(shardId);
  }

  /** Whether a Go client may read a child before its parents are processed. */
  mayPrecedeParents(shardId: string): boolean {
    return this.#published.has(shardId);
  }
}

function isUnaware({ atMs, handedAtMs, recapturedAtMs }: Theft, nowMs: number): boolean {
  return nowMs <= Math.min((handedAtMs ?? atMs) + UNAWARE_MS, recapturedAtMs);
}
