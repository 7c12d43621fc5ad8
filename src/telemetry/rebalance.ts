/**
 * Describes a rebalance: what moved, and why.
 *
 * @module
 */

import type { ClientRow } from "../model.ts";
import type { Assignment } from "../rules/assignment.ts";
import type { Attributes } from "./api.ts";
import { ATTRIBUTES } from "./names.ts";

/** What the leader shares out, and among whom. */
export interface Rebalance {
  readonly living: readonly ClientRow[];
  readonly dead: readonly ClientRow[];
  readonly shardIds: readonly string[];
  readonly current: Assignment;
  readonly next: Assignment;
}

/** A span's attributes have a bound too. */
const MAX_MOVES = 100;

/** What a rebalance's span says. */
export function describeRebalance(rebalance: Rebalance): Attributes {
  const moves = movesOf(rebalance);
  return {
    [ATTRIBUTES.clientCount]: rebalance.next.size,
    [ATTRIBUTES.shardCount]: rebalance.shardIds.length,
    [ATTRIBUTES.moveCount]: moves.length,
    [ATTRIBUTES.moves]: moves.slice(0, MAX_MOVES),
    [ATTRIBUTES.reason]: reasonsOf(rebalance),
  };
}

/** Each shard that has another client than before, for example `shardId-000000000003: a → b`. */
function movesOf({ current, next }: Rebalance): string[] {
  const before = owners(current);
  return [...owners(next)].filter(([shardId, to]) => before.get(shardId) !== to).map((
    [shardId, to],
  ) => `${shardId}: ${before.get(shardId) ?? "nobody"} → ${to}`);
}

function owners(assignment: Assignment): ReadonlyMap<string, string> {
  return new Map(
    [...assignment].flatMap(([clientId, shardIds]) =>
      shardIds.map((shardId): [string, string] => [shardId, clientId])
    ),
  );
}

function reasonsOf({ living, dead, shardIds, current }: Rebalance): string[] {
  const known = new Set([...current.values()].flat());
  const listed = new Set(shardIds);
  const reasons = {
    "client joined": living.some((row) => row.assignedShardIds === undefined && !row.isLeaving),
    "client leaves": living.some((row) => row.isLeaving),
    "client died": dead.some((row) => (row.assignedShardIds ?? []).length > 0),
    "new shards": shardIds.some((shardId) => !known.has(shardId)),
    "shards ended": [...known].some((shardId) => !listed.has(shardId)),
  };
  return Object.entries(reasons).filter(([, isSo]) => isSo).map(([reason]) => reason);
}
