/**
 * Sorts spans into the lanes of a timeline: by client and shard, and fewer where there are too many.
 *
 * @module
 */

import type { RecordedSpan } from "./spans_model.ts";

/** One line of a timeline. */
export interface Lane {
  /** The client's ID, or the tracer's name for spans without a client. */
  readonly client: string;
  /** The shard, how many shards, or nothing. */
  readonly part: string;
  readonly spans: readonly RecordedSpan[];
  /** While its client owned the shard; without an end, until the last span. */
  readonly owned: readonly Owned[];
}

interface Owned {
  readonly fromMs: number;
  toMs: number | undefined;
}

interface ShardLane {
  readonly client: string;
  /** Empty for the client's own. */
  readonly shardId: string;
  readonly spans: RecordedSpan[];
}

/** Sorts spans into at most `maxLanes` lanes, by client, and each client's by shard. */
export function toLanes(spans: readonly RecordedSpan[], maxLanes: number): readonly Lane[] {
  const lanes = byShard(spans);
  if (lanes.length <= maxLanes) {
    return lanes.map(({ client, shardId, spans }) => ({
      client,
      part: shardId === "" ? "" : shortShard(shardId),
      spans,
      owned: ownedIn(spans, takenBy(lanes, { client, shardId })),
    }));
  }
  const clients = byClient(lanes);
  return clients.length <= maxLanes ? clients : withRest(clients, maxLanes);
}

function byShard(spans: readonly RecordedSpan[]): ShardLane[] {
  const byId = new Map(spans.map((span) => [`${span.traceId}/${span.spanId}`, span]));
  const lanes = new Map<string, ShardLane>();
  for (const span of spans) {
    // A call to AWS says nothing of shards; it is a part of something that does.
    const client = inherited(byId, span, "messaging.client.id") ?? span.tracerName;
    const shardId = inherited(byId, span, "messaging.destination.partition.id") ?? "";
    const key = JSON.stringify([client, shardId]);
    const lane = lanes.get(key) ?? { client, shardId, spans: [] };
    lane.spans.push(span);
    lanes.set(key, lane);
  }
  return [...lanes.values()].sort((a, b) =>
    compareText(a.client, b.client) || compareText(a.shardId, b.shardId)
  );
}

function inherited(
  byId: ReadonlyMap<string, RecordedSpan>,
  span: RecordedSpan,
  attribute: string,
): string | undefined {
  let each: RecordedSpan | undefined = span;
  for (let depth = 0; each !== undefined && depth < DEEPEST; depth++) {
    const found = each.attributes[attribute];
    if (typeof found === "string") return found;
    each = byId.get(`${each.traceId}/${each.parentSpanId}`);
  }
  return undefined;
}

/** Deeper than any trace; a bound, should one lead in a circle. */
const DEEPEST = 100;

function byClient(lanes: readonly ShardLane[]): Lane[] {
  const clients = new Map<string, ShardLane[]>();
  for (const lane of lanes) clients.set(lane.client, [...clients.get(lane.client) ?? [], lane]);
  return [...clients].map(([client, parts]) => {
    const shards = new Set(parts.map(({ shardId }) => shardId).filter((id) => id !== ""));
    return {
      client,
      part: shards.size === 0 ? "" : shards.size === 1 ? "1 shard" : `${shards.size} shards`,
      spans: parts.flatMap(({ spans }) => spans),
      owned: parts.flatMap((part) => ownedIn(part.spans, takenBy(lanes, part))),
    };
  });
}

function withRest(clients: readonly Lane[], maxLanes: number): Lane[] {
  const rest = clients.slice(maxLanes - 1);
  return [...clients.slice(0, maxLanes - 1), {
    client: `${rest.length} more`,
    part: "clients",
    spans: rest.flatMap(({ spans }) => spans),
    owned: rest.flatMap(({ owned }) => owned),
  }];
}

/** When others captured a shard: a client that died does not say that it owns it no longer. */
function takenBy(
  lanes: readonly ShardLane[],
  { client, shardId }: Pick<ShardLane, "client" | "shardId">,
): readonly Sign[] {
  if (shardId === "") return [];
  const others = lanes.filter((lane) => lane.shardId === shardId && lane.client !== client);
  return others.flatMap(({ spans }) => spans)
    .filter(({ attributes }) => attributes["kinsumer.outcome"] === "captured")
    .map(({ endMs }) => ({ atMs: endMs, isOwned: false }));
}

/** A moment that tells whether the client owns the shard. */
interface Sign {
  readonly atMs: number;
  readonly isOwned: boolean;
}

/** From each sign of ownership to what ended it. */
function ownedIn(spans: readonly RecordedSpan[], taken: readonly Sign[]): Owned[] {
  const owned: Owned[] = [];
  const signs = [...spans.flatMap(signsOf), ...taken].sort((a, b) => a.atMs - b.atMs);
  for (const { atMs, isOwned } of signs) {
    const last = owned.at(-1);
    const wasOwned = last !== undefined && last.toMs === undefined;
    if (isOwned && !wasOwned) owned.push({ fromMs: atMs, toMs: undefined });
    if (!isOwned && wasOwned) last.toMs = atMs;
  }
  return owned;
}

function signsOf({ attributes, status, endMs }: RecordedSpan): Sign[] {
  if (status === "error") return [];
  const outcome = attributes["kinsumer.outcome"];
  if (outcome === "captured") return [{ atMs: endMs, isOwned: true }];
  if (outcome === "conflict") return [{ atMs: endMs, isOwned: false }];
  if (outcome !== "committed") return [];
  return [{ atMs: endMs, isOwned: attributes["messaging.operation.name"] === "commit" }];
}

/** `shard 3` for `shardId-000000000003`. */
function shortShard(shardId: string): string {
  const number = /^shardId-0*(\d+)$/.exec(shardId)?.[1];
  return number === undefined ? shardId : `shard ${number}`;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
