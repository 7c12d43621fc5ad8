/**
 * Decides which client reads which shard.
 *
 * {@linkcode assignBalanced} is the rule among our own clients: everyone gets an equal share, give
 * or take one, and the fewest shards move. {@linkcode assignByModulo} is the Go library's rule,
 * used while one of its clients is alive, because every client of a fleet must compute the same.
 *
 * @module
 */

/** The shards of each client; every client has an entry. */
export type Assignment = ReadonlyMap<string, readonly string[]>;

/** What the decision rests on. */
export interface AssignmentFacts {
  /** The living clients that take shards. */
  readonly clientIds: readonly string[];
  /** The shards that may be read. */
  readonly shardIds: readonly string[];
  /** What each client has now; clients and shards that are gone are allowed. */
  readonly current: Assignment;
}

/**
 * Shares the shards out equally, moving as few as an equal share allows. The same facts give the
 * same answer, in whatever order they are listed. Of a client with too many, the last by ID move.
 */
export function assignBalanced(facts: AssignmentFacts): Assignment {
  if (facts.clientIds.length === 0) return new Map();
  const kept = keepCurrent(facts);
  const quotas = shareQuotas(kept, facts.shardIds.length);
  for (const [clientId, shardIds] of kept) {
    shardIds.length = Math.min(shardIds.length, quotas.get(clientId)!);
  }
  const placed = new Set([...kept.values()].flat());
  const homeless = [...facts.shardIds].sort().filter((id) => !placed.has(id));
  for (const [clientId, shardIds] of kept) {
    shardIds.push(...homeless.splice(0, quotas.get(clientId)! - shardIds.length));
    shardIds.sort();
  }
  return kept;
}

/** What living clients have of the readable shards; a shard that two claim stays with the lower ID. */
function keepCurrent({ clientIds, shardIds, current }: AssignmentFacts): Map<string, string[]> {
  const free = new Set(shardIds);
  const kept = new Map<string, string[]>();
  for (const clientId of [...clientIds].sort()) {
    const mine = [...(current.get(clientId) ?? [])].sort().filter((id) => free.delete(id));
    kept.set(clientId, mine);
  }
  return kept;
}

/** Everyone's share; the ones above the even share go to those who have most already. */
function shareQuotas(
  kept: ReadonlyMap<string, readonly string[]>,
  shardCount: number,
): ReadonlyMap<string, number> {
  const share = Math.floor(shardCount / kept.size);
  const extra = shardCount % kept.size;
  const byMost = [...kept].sort(([, a], [, b]) => b.length - a.length); // among equals by their IDs
  return new Map(byMost.map(([clientId], index) => [clientId, index < extra ? share + 1 : share]));
}

/** The Go library's rule: shard `i` of the sorted list belongs to client `i mod n`, sorted by ID. */
export function assignByModulo(facts: Pick<AssignmentFacts, "clientIds" | "shardIds">): Assignment {
  const assignment = new Map<string, string[]>([...facts.clientIds].sort().map((id) => [id, []]));
  const lists = [...assignment.values()];
  [...facts.shardIds].sort().forEach((shardId, index) =>
    lists[index % lists.length]?.push(shardId)
  );
  return assignment;
}

/** How many shards have another client than before; a shard that nobody had is no move. */
export function countMoves(before: Assignment, after: Assignment): number {
  const ownerBefore = new Map(pairs(before));
  return pairs(after).filter(([shardId, clientId]) =>
    (ownerBefore.get(shardId) ?? clientId) !== clientId
  ).length;
}

function pairs(assignment: Assignment): [shardId: string, clientId: string][] {
  return [...assignment].flatMap(([clientId, shardIds]) =>
    shardIds.map((shardId): [string, string] => [shardId, clientId])
  );
}
