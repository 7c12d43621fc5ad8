/**
 * Splits and merges shards, one at a time, and keeps their number near that of the beginning.
 *
 * @module
 */

import { openShardsInKeyOrder } from "../demo/lineage.ts";
import type { Blow } from "./blow.ts";
import type { World } from "./world.ts";

/** How far the number of open shards may go from that of the beginning. */
const MAX_DRIFT = 4;

const queues = new WeakMap<World, Promise<void>>();

/** Splits a shard; merges two where there are many already. */
export const split: Blow = (world) => reshard(world, 1);

/** Merges two shards; splits one where there are few left. */
export const merge: Blow = (world) => reshard(world, -1);

async function reshard(world: World, direction: 1 | -1): Promise<void> {
  const turn = (queues.get(world) ?? Promise.resolve()).then(() => reshardNow(world, direction));
  queues.set(world, turn.catch(() => {}));
  await turn;
}

async function reshardNow(world: World, direction: 1 | -1): Promise<void> {
  const { random, settings, streamName, streams } = world;
  const open = openShardsInKeyOrder(await streams.shards(streamName));
  const drift = open.length - settings.shards;
  const isSplit = Math.abs(drift + direction) > MAX_DRIFT ? drift < 0 : direction > 0;
  const place = Math.floor(random.next() * (isSplit ? open.length : open.length - 1));
  const shardId = open[place]!;
  if (isSplit) {
    world.say(`split of shard ${shortId(shardId)}`);
    return await streams.split(streamName, shardId);
  }
  const neighbour = open[place + 1]!;
  world.say(`merge of shards ${shortId(shardId)} and ${shortId(neighbour)}`);
  await streams.merge(streamName, shardId, neighbour);
}

function shortId(shardId: string): string {
  return String(Number(shardId.slice(-12)));
}
