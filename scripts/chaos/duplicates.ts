/**
 * Decides which second deliveries a fault explains. Pure: the journal and the faults in, the account
 * out.
 *
 * A second delivery is explained when all of this holds:
 *
 * - the shard went from the first client to the second (or back to the first) without an orderly
 *   release: the first was killed, lost the shard, or stopped without being able to write;
 * - a fault that can keep the first client from committing was there, and the first delivery was
 *   made at most a commit interval before it, or while it lasted; and unless the client was killed,
 *   a fault that can cost a living client its shards was there before it lost this one;
 * - the record lies after every checkpoint that was written before the second client's capture.
 *
 * A record that a client had in its hand when a fault fenced it, and that it finished later, may
 * stand behind the delivery of the next owner: that is explained too.
 *
 * The journal is one file that the kernel puts in order, so "before" needs no clock, but for the
 * faults' times, which are wall-clock times of the same machine.
 *
 * @module
 */

import type { JournalEntry, ProcessedEntry } from "../demo/journal.ts";
import type { FaultWindow } from "./windows.ts";

/** What the duplicates are judged by. */
export interface DuplicateFacts {
  readonly entries: readonly JournalEntry[];
  readonly windows: readonly FaultWindow[];
  readonly commitIntervalMs: number;
  /** Records that were handed over before another client captured the shard, and finished after. */
  readonly inHand: ReadonlySet<JournalEntry>;
}

/** The second deliveries. */
export interface Duplicates {
  readonly explained: number;
  readonly unexplained: number;
  /** How many each kind of fault explains. */
  readonly byFault: Readonly<Record<string, number>>;
  /** Some of the unexplained, in words. */
  readonly findings: readonly string[];
}

type Explanation = { readonly fault: string } | { readonly reason: string };

const MAX_FINDINGS = 10;
/** A commit takes time, and starts late on a busy machine. */
const SLACK_MS = 750;

interface Delivery {
  readonly place: number;
  readonly entry: ProcessedEntry;
  /** When the client captured the shard: the line in the journal. */
  readonly tenure: number;
}

interface Tenure {
  readonly place: number;
  /** Everything up to here was checkpointed before. */
  readonly floor: bigint;
}

/** Judges every second delivery. */
export function judgeDuplicates(facts: DuplicateFacts): Duplicates {
  const judge = new Judge(facts);
  facts.entries.forEach((entry, place) => judge.take(entry, place));
  return judge.verdict();
}

class Judge {
  readonly #facts: DuplicateFacts;
  readonly #ends: ReadonlyMap<string, readonly End[]>;
  readonly #checkpoints = new Map<string, bigint>();
  readonly #tenures = new Map<string, Tenure>();
  readonly #latest = new Map<number, Delivery>();
  readonly #byFault: Record<string, number> = {};
  readonly #findings: string[] = [];
  #explained = 0;
  #unexplained = 0;

  constructor(facts: DuplicateFacts) {
    this.#facts = facts;
    this.#ends = endsOf(facts.entries);
  }

  take(entry: JournalEntry, place: number): void {
    if (entry.kind === "checkpointed") {
      const sequence = BigInt(entry.sequenceNumber);
      const before = this.#checkpoints.get(entry.shardId) ?? -1n;
      if (sequence > before) this.#checkpoints.set(entry.shardId, sequence);
    }
    if (entry.kind === "captured") {
      const floor = this.#checkpoints.get(entry.shardId) ?? -1n;
      this.#tenures.set(`${entry.client} ${entry.shardId}`, { place, floor });
    }
    if (entry.kind === "processed") this.#deliver(entry, place);
  }

  verdict(): Duplicates {
    return {
      explained: this.#explained,
      unexplained: this.#unexplained,
      byFault: this.#byFault,
      findings: this.#findings,
    };
  }

  #deliver(entry: ProcessedEntry, place: number): void {
    const tenure = this.#tenures.get(`${entry.client} ${entry.shardId}`);
    const delivery = { place, entry, tenure: tenure?.place ?? -1 };
    const previous = this.#latest.get(entry.index);
    this.#latest.set(entry.index, delivery);
    if (previous === undefined) return;
    const verdict = this.#explain(previous, delivery, tenure?.floor ?? -1n);
    if ("fault" in verdict) {
      this.#explained++;
      this.#byFault[verdict.fault] = (this.#byFault[verdict.fault] ?? 0) + 1;
      return;
    }
    this.#unexplained++;
    if (this.#findings.length < MAX_FINDINGS) {
      this.#findings.push(describe(previous.entry, entry, verdict.reason));
    }
  }

  #explain(
    previous: Delivery,
    again: Delivery,
    floor: bigint,
  ): Explanation {
    if (this.#facts.inHand.has(again.entry)) return this.#explainInHand(again.entry);
    const { client, shardId, atMs } = previous.entry;
    if (client === again.entry.client && previous.tenure === again.tenure) {
      return { reason: "by the same client, which had the shard all the time" };
    }
    if (BigInt(again.entry.sequenceNumber) <= floor) {
      return { reason: "it had been checkpointed before the shard was captured" };
    }
    const end = this.#endOf(`${client} ${shardId}`, previous) ?? this.#endOf(client, previous);
    if (end?.how === "orderly") return { reason: "the shard had been let go in order" };
    const { commitIntervalMs, windows } = this.#facts;
    const near = windows.filter((window) =>
      (window.client === undefined || window.client === client) &&
      atMs <= window.toMs + window.recoveryMs + SLACK_MS && window.fromMs <= again.entry.atMs
    );
    const delaying = near.filter(({ fromMs }) => atMs >= fromMs - commitIntervalMs - SLACK_MS);
    const fault = delaying.find((window) => window.client === client) ?? delaying[0];
    const how = end?.how ?? "the shard was not let go";
    if (fault === undefined) return { reason: `no fault was there (${how})` };
    const isFenceable = end?.how === "killed" || near.some(({ mayFence }) => mayFence);
    return isFenceable
      ? { fault: fault.kind }
      : { reason: `nothing fences a client here (${how})` };
  }

  #explainInHand({ client, atMs }: ProcessedEntry): Explanation {
    const fault = this.#facts.windows.find((window) =>
      (window.client === undefined || window.client === client) && window.mayFence &&
      window.fromMs <= atMs && atMs <= window.toMs + window.recoveryMs + SLACK_MS
    );
    return fault === undefined
      ? { reason: "it was in hand for long, and no fault was there" }
      : { fault: fault.kind };
  }

  /** How the time ended in which a delivery was made; a record in hand may come after it. */
  #endOf(name: string, { tenure }: Delivery): End | undefined {
    return this.#ends.get(name)?.find(({ place }) => place > tenure);
  }
}

/** How a client's time with a shard, or its life, ended. */
interface End {
  readonly place: number;
  readonly how: "orderly" | "lost" | "killed" | "stopped uncleanly";
}

/** By client and shard, or by client alone. */
function endsOf(entries: readonly JournalEntry[]): ReadonlyMap<string, readonly End[]> {
  const ends = new Map<string, End[]>();
  const add = (name: string, end: End): void => {
    ends.set(name, [...ends.get(name) ?? [], end]);
  };
  entries.forEach((entry, place) => {
    if (entry.kind === "let-go") {
      const how = entry.how === "lost" ? "lost" : "orderly";
      add(`${entry.client} ${entry.shardId}`, { place, how });
    }
    if (entry.kind === "killed") add(entry.client, { place, how: "killed" });
    if (entry.kind === "stopped" && !entry.isClean) {
      add(entry.client, { place, how: "stopped uncleanly" });
    }
  });
  return ends;
}

function describe(first: ProcessedEntry, again: ProcessedEntry, reason: string): string {
  const { index, shardId, sequenceNumber } = again;
  return `twice: record ${index} (${shardId}, ${sequenceNumber}), by ${first.client} at ` +
    `${first.atMs} and by ${again.client} at ${again.atMs}: ${reason}`;
}
