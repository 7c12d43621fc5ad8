/**
 * Makes rows and moments for the contract of the checkpoints table.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Checkpoint } from "../../src/model.ts";
import type { CheckpointsTable } from "../../src/tables/checkpoints_api.ts";
import { nextUpdate } from "../../src/tables/item.ts";

/** A checkpoint that was just captured, of a shard of its own. */
export async function captured(
  checkpoints: CheckpointsTable,
  shardId: string,
  ownerId = "owner",
): Promise<Checkpoint> {
  const answer = await checkpoints.capture({
    shardId,
    owner: { clientId: ownerId, clientName: `name of ${ownerId}` },
    observed: await checkpoints.read(shardId),
    lastUpdate: update(1),
  });
  assert.ok(answer.outcome === "captured");
  return answer.checkpoint;
}

/** Moments of a made-up history, in order. */
export function update(moment: number): string {
  return nextUpdate(1_795_412_454_604 + moment);
}
