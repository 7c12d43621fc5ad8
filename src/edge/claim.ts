/**
 * Takes a shard for a run at the edge: on the row that was read, and no other.
 *
 * @module
 */

import { persist } from "../loops/persist.ts";
import type { Checkpoint } from "../model.ts";
import { mayCapture } from "../rules/ownership.ts";
import { pinsStart } from "../rules/position.ts";
import type { CaptureOutcome } from "../tables/checkpoints_api.ts";
import { uniqueUpdate } from "../tables/item.ts";
import type { EdgeContext } from "./context.ts";

/** What is claimed, and until when. */
export interface Claiming {
  readonly shardId: string;
  /** Its row, as it was read; one that calls an open shard finished is of another stream. */
  readonly row: Checkpoint | undefined;
  /** Ends the claim. */
  readonly signal: AbortSignal;
  /** Ends even the search for a capture whose answer was lost. */
  readonly abandonSignal: AbortSignal;
}

/** Another has the shard, or may have it. */
const HELD = { outcome: "held" } as const;

/**
 * Takes the shard, unless its owner lives or another was faster. A capture that may have landed
 * without our knowing is looked for to the last: a shard must not stay with a client that does not know it.
 */
export async function claim(context: EdgeContext, claiming: Claiming): Promise<CaptureOutcome> {
  const { checkpoints, options: { clientId } } = context;
  const { abandonSignal, row, shardId, signal } = claiming;
  let observed = row;
  /** True while a capture may have landed without our knowing. */
  let isUncertain = false;
  const operation = "capture";
  const claimed = await persist(context, { operation, shardId, signal }, async () => {
    if (isUncertain) observed = await checkpoints.read(shardId, signal);
    // What another has written meanwhile is for the next look.
    const isNews = isUncertain && observed?.lastUpdate !== row?.lastUpdate;
    if (isNews && observed?.ownerId !== clientId) return HELD;
    const isReset = observed === row && row?.isFinished === true;
    if (!await mayTake(context, isReset ? undefined : observed, signal)) return HELD;
    isUncertain = true;
    const result = await capture(context, claiming, { observed, isReset });
    isUncertain = false;
    return result;
  });
  if (claimed !== undefined || !isUncertain) return claimed ?? HELD;
  const read = () => checkpoints.read(shardId, abandonSignal);
  const checkpoint = await persist(context, { operation, shardId, signal: abandonSignal }, read);
  return checkpoint?.ownerId === clientId ? { outcome: "captured", checkpoint } : HELD;
}

/** Whether this run may act, and nobody who lives has the shard. */
async function mayTake(
  { lease, options: { clientId }, roster }: EdgeContext,
  checkpoint: Checkpoint | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const { ownerId = clientId } = checkpoint ?? {};
  const owner = ownerId === clientId ? undefined : await roster.watch(ownerId, signal);
  const { decision } = mayCapture({
    clientId,
    checkpoint,
    isOwnerLiving: owner?.isLiving === true,
  });
  return decision === "capture" && lease.isValid;
}

async function capture(
  { checkpoints, clock, incarnation, options, random }: EdgeContext,
  { abandonSignal, shardId }: Claiming,
  { observed, isReset }: {
    readonly observed: Checkpoint | undefined;
    /** Whether the row is of another stream: it begins anew. */
    readonly isReset: boolean;
  },
): Promise<CaptureOutcome> {
  const { clientId, clientName, onInvalidCheckpoint } = options;
  const isFromNow = isReset && onInvalidCheckpoint === "latest" || pinsStart(observed);
  const nowMs = clock.nowMs();
  return await checkpoints.capture({
    shardId,
    owner: { clientId, clientName, incarnation },
    observed,
    lastUpdate: uniqueUpdate(nowMs, observed?.lastUpdate, random.next()),
    startAtMs: isFromNow ? nowMs : undefined,
    isReset,
  }, abandonSignal);
}
