/**
 * Draws up the account of a chaos run.
 *
 * @module
 */

import type { Shard } from "../../mod.ts";
import { takeAccount } from "../demo/account.ts";
import type { JournalEntry } from "../demo/journal.ts";
import { PACE } from "./client_settings.ts";
import { type Duplicates, judgeDuplicates } from "./duplicates.ts";
import { findFailOvers, type ShardFailOver } from "./fail_overs.ts";
import { findFenced } from "./fences.ts";
import { pausesOf } from "./pauses.ts";
import type { StopProbe } from "./stop_probes.ts";
import type { World } from "./world.ts";

/** How a run ended. */
export interface Verdict {
  readonly seed: number;
  readonly seconds: number;
  readonly produced: number;
  readonly consumed: number;
  readonly lost: number;
  /** Out of order by shard, key or lineage, and what was handed over behind a fence. */
  readonly outOfOrder: number;
  /** Of these: handed over although the shard was another's. */
  readonly behindFence: number;
  /** In hand when a process was frozen, and finished when it woke. */
  readonly inHandAtFreeze: number;
  readonly unexpected: number;
  readonly duplicates: Duplicates;
  readonly failOvers: readonly ShardFailOver[];
  readonly blows: Readonly<Record<string, number>>;
  /** Requests that the proxy struck, by kind. */
  readonly hits: Readonly<Record<string, number>>;
  readonly stopTimesMs: readonly number[];
  readonly probes: readonly StopProbe[];
  /** Clients started, by runtime. */
  readonly runtimes: Readonly<Record<string, number>>;
  readonly shards: number;
  /** How often a client did not run although it should have, not counting SIGSTOP. */
  readonly machinePauses: number;
  readonly problems: readonly string[];
}

/** Draws it up. */
export function judge(world: World, facts: {
  readonly blows: Readonly<Record<string, number>>;
  readonly probes: readonly StopProbe[];
  readonly shards: readonly Shard[];
  readonly seconds: number;
}): Verdict {
  const { entries, producer: { records: produced }, settings: { seed } } = world;
  const { shards, ...rest } = facts;
  const pauses = pausesOf(entries);
  const windows = [...world.windows.all, ...pauses];
  const { commitIntervalMs } = PACE;
  const { violations, inHand } = findFenced(entries);
  const late: ReadonlySet<JournalEntry> = new Set(inHand);
  const duplicates = judgeDuplicates({ entries, windows, commitIntervalMs, inHand: late });
  const inOrder = entries.filter((entry) => !late.has(entry));
  const account = takeAccount({ produced, entries: inOrder, shards });
  const seen = new Set(inHand.map(({ index }) => index));
  const lost = produced.filter(({ index }) => !world.consumed.has(index) && !seen.has(index));
  const failOvers = findFailOvers(entries, world.kills, windows);
  return {
    ...rest,
    seed,
    produced: produced.length,
    consumed: world.consumed.size,
    lost: lost.length,
    outOfOrder: account.outOfOrder + violations.length,
    behindFence: violations.length,
    inHandAtFreeze: inHand.length,
    unexpected: account.unexpected,
    duplicates,
    failOvers,
    hits: world.proxy.faults.hits,
    stopTimesMs: world.stopTimes,
    runtimes: countBy(world.clients.map(({ runtime }) => runtime)),
    shards: shards.length,
    machinePauses: pauses.length - (facts.blows["freeze"] ?? 0),
    problems: [
      ...world.problems,
      ...findings(account.findings, ["out of order", "unexpected"]),
      ...lost.slice(0, 5).map(({ index, shardId }) => `lost: record ${index} (${shardId})`),
      ...violations.slice(0, 5).map(({ client, index, shardId }) =>
        `behind a fence: record ${index} (${shardId}), by ${client}`
      ),
      ...duplicates.findings,
      ...failOvers.filter(({ takenMs }) => takenMs === undefined).map(({ shardId, victim }) =>
        `nobody took ${shardId} over from ${victim}`
      ),
    ],
  };
}

function findings(all: readonly string[], beginnings: readonly string[]): readonly string[] {
  return all.filter((text) => beginnings.some((beginning) => text.startsWith(beginning)));
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
