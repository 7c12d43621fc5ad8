/**
 * Remembers what is going on, for whoever shows it: who owns which shard, how far each is read, and
 * what happened last.
 *
 * @module
 */

import type { ProducedRecord } from "./account.ts";
import type { JournalEntry } from "./journal.ts";
import { Log } from "./log.ts";

/** How often it is noted who owns what, for the strip of colours. */
const SAMPLE_INTERVAL_MS = 250;

/** A sample of a shard that nobody owned. */
export const NOBODY = "·";
/** A sample of a shard that was not there yet, or was finished. */
export const ABSENT = " ";

/** How one shard stands. */
export interface ShardView {
  readonly shardId: string;
  owner: string | undefined;
  isFinished: boolean;
  /** No record is put into it any more: it was split or merged. */
  isClosed: boolean;
  producedCount: number;
  /** Different records, so that a second delivery counts nothing. */
  readonly consumed: Set<number>;
  /** Who owned it, sample by sample, since the first shard was captured. */
  readonly strip: string[];
}

/** How one client stands. */
export interface ClientView {
  readonly name: string;
  state: "starting" | "running" | "stopping" | "stopped" | "killed";
  isLeader: boolean;
  deliveredCount: number;
}

/** What is going on. */
export class Board {
  readonly title: string;
  readonly total: number;
  readonly shards: Map<string, ShardView> = new Map();
  readonly clients: Map<string, ClientView> = new Map();
  readonly log: Log = new Log();
  /** What is being done now. */
  headline = "";
  rebalances = 0;
  shardMoves = 0;
  readonly #startedAtMs: number;
  /** When the first shard was captured. */
  #capturedAtMs: number | undefined;
  #sampleCount = 0;

  /** @param facts.total how many records are to be produced */
  constructor(facts: { readonly title: string; readonly total: number; readonly nowMs: number }) {
    this.title = facts.title;
    this.total = facts.total;
    this.#startedAtMs = facts.nowMs;
  }

  get producedCount(): number {
    return sum(this.shards, (shard) => shard.producedCount);
  }

  get consumedCount(): number {
    return sum(this.shards, (shard) => shard.consumed.size);
  }

  /** The shards that a client owns now. */
  shardsOf(client: string): readonly string[] {
    return [...this.shards.values()].filter(({ owner }) => owner === client)
      .map(({ shardId }) => shardId);
  }

  /** Milliseconds since the start. */
  elapsedMs(nowMs: number): number {
    return nowMs - this.#startedAtMs;
  }

  /** Says what is being done now, and notes it. */
  announce(text: string, nowMs: number): void {
    this.headline = text;
    this.log.note(text, { client: undefined, atMs: this.elapsedMs(nowMs) });
  }

  /** Makes a shard known. */
  shard(shardId: string): ShardView {
    const known = this.shards.get(shardId);
    if (known !== undefined) return known;
    const view: ShardView = {
      shardId,
      owner: undefined,
      isFinished: false,
      isClosed: false,
      producedCount: 0,
      consumed: new Set(),
      strip: Array.from({ length: this.#sampleCount }, () => ABSENT),
    };
    this.shards.set(shardId, view);
    return view;
  }

  /** Makes a client known. */
  client(name: string): ClientView {
    const known = this.clients.get(name);
    if (known !== undefined) return known;
    const view: ClientView = { name, state: "starting", isLeader: false, deliveredCount: 0 };
    this.clients.set(name, view);
    return view;
  }

  /** Takes in what the stream accepted. */
  produced(records: readonly ProducedRecord[]): void {
    for (const { shardId } of records) this.shard(shardId).producedCount++;
  }

  /** Takes in a line of the journal. */
  apply(entry: JournalEntry): void {
    if (entry.kind === "processed") {
      this.client(entry.client).deliveredCount++;
      this.shard(entry.shardId).consumed.add(entry.index);
    } else if (entry.kind === "captured" || entry.kind === "let-go") this.#applyOwnership(entry);
    else this.#applyMembership(entry);
  }

  /** Notes, when it is time, who owns what. */
  sample(nowMs: number): void {
    if (this.#capturedAtMs === undefined) return;
    while (nowMs - this.#capturedAtMs >= this.#sampleCount * SAMPLE_INTERVAL_MS) {
      for (const { isFinished, owner, strip } of this.shards.values()) {
        strip.push(isFinished ? ABSENT : owner ?? NOBODY);
      }
      this.#sampleCount++;
    }
  }

  #applyOwnership(entry: Extract<JournalEntry, { kind: "captured" | "let-go" }>): void {
    const shard = this.shard(entry.shardId);
    const stamp = { client: entry.client, atMs: this.elapsedMs(entry.atMs) };
    if (entry.kind === "captured") {
      shard.owner = entry.client;
      this.#capturedAtMs ??= entry.atMs;
      return this.log.noteShard("reads", shortId(entry.shardId), stamp);
    }
    if (shard.owner === entry.client) shard.owner = undefined;
    if (entry.how === "finished") shard.isFinished = true;
    const words = { released: "released", finished: "has read all of", lost: "lost" }[entry.how];
    this.log.noteShard(words, shortId(entry.shardId), stamp);
  }

  #applyMembership(entry: JournalEntry): void {
    const client = this.client(entry.client);
    const note = (text: string) =>
      this.log.note(text, { client: entry.client, atMs: this.elapsedMs(entry.atMs) });
    switch (entry.kind) {
      case "started":
        client.state = "running";
        return note("joined the fleet");
      case "stopped":
        client.state = "stopped";
        client.isLeader = false;
        return note(entry.isClean ? "left the fleet" : "left the fleet, not cleanly");
      case "killed":
        client.state = "killed";
        client.isLeader = false;
        for (const shard of this.shards.values()) {
          if (shard.owner === entry.client) shard.owner = undefined;
        }
        return note("is dead: killed with SIGKILL");
      case "leading":
        for (const other of this.clients.values()) other.isLeader = other === client;
        return note("leads the fleet");
      case "rebalanced":
        this.rebalances++;
        this.shardMoves += entry.moveCount;
        return note(sharingInWords(entry.moveCount));
      case "noted":
        return note(entry.text);
    }
  }
}

/** `shardId-000000000007` is shard 7. */
export function shortId(shardId: string): string {
  return shardId.replace(/^shardId-0*(?=\d)/, "");
}

function sharingInWords(moveCount: number): string {
  if (moveCount === 0) return "gave out shards that nobody had";
  return `shared the shards out anew: ${moveCount} to move`;
}

function sum<Item>(items: ReadonlyMap<string, Item>, count: (item: Item) => number): number {
  let total = 0;
  for (const item of items.values()) total += count(item);
  return total;
}
