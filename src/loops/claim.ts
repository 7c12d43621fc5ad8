/**
 * Takes a shard: reads its row, asks the rule, captures, and waits while another holds it.
 *
 * @module
 */

import type { Checkpoint } from "../model.ts";
import { isOwnerGone, isReplaced, mayCapture } from "../rules/ownership.ts";
import { backoffMs } from "../rules/pacing.ts";
import { pinsStart } from "../rules/position.ts";
import type { OtherOwner } from "../rules/stall.ts";
import { uniqueUpdate } from "../tables/item.ts";
import type { LoopContext } from "./context.ts";
import { persist } from "./persist.ts";
import type { Roster } from "./roster.ts";

/** The first wait for a shard that another holds; doubled up to the shard check interval. */
const FIRST_WAIT_MS = 100;

/** What became of a claim; `stopped` when the signal aborted first. */
export type Claim =
  | { readonly outcome: "captured"; readonly checkpoint: Checkpoint }
  | { readonly outcome: "finished"; readonly checkpoint: Checkpoint }
  | { readonly outcome: "stopped" };

/** What is claimed, and until when. */
export interface Claiming {
  readonly shardId: string;
  readonly roster: Roster;
  /** True when an earlier run may have left the shard's row in this client's name. */
  readonly mayBeOwned: boolean;
  /**
   * The shard's row, where it was read already: the claim is then tried once, and given up where
   * another was faster.
   */
  readonly observed?: { readonly row: Checkpoint | undefined } | undefined;
  /** Is told with each try who has the shard; absent: nobody who lives. */
  readonly onHeld?: ((owner: OtherOwner | undefined) => void) | undefined;
  /** Ends the claim. */
  readonly signal: AbortSignal;
  /** Ends even the search for a capture whose answer was lost. */
  readonly abandonSignal: AbortSignal;
}

/**
 * Takes a shard, waiting as long as another holds it. A capture that is under way when the signal
 * aborts is seen through: a shard must not stay with a client that does not know it.
 */
export async function claim(context: LoopContext, claiming: Claiming): Promise<Claim> {
  const { shardId, signal } = claiming;
  const claimer = new Claimer(context, claiming);
  for (let waits = 1; !signal.aborted; waits++) {
    const what = { operation: "capture", shardId, signal };
    const result = await persist(context, what, () => claimer.tryOnce());
    if (result === undefined) break;
    if (result !== "held") return result;
    if (claiming.observed !== undefined) break;
    await context.clock.sleep(waitMs(context, waits), signal);
  }
  return await claimer.findLostCapture();
}

class Claimer {
  readonly #context: LoopContext;
  readonly #claiming: Claiming;
  #owner: OtherOwner | undefined;
  /** True while a capture may have landed without our knowing. */
  #isUncertain: boolean;
  /** Since when the owner's ID was seen to be another process's, and which one has captured. */
  #replaced: { readonly capturedBy: string | undefined; readonly sinceMs: number } | undefined;

  constructor(context: LoopContext, claiming: Claiming) {
    this.#context = context;
    this.#isUncertain = claiming.mayBeOwned;
    this.#claiming = claiming;
  }

  async tryOnce(): Promise<Claim | "held"> {
    const { checkpoints, lease, options: { clientId } } = this.#context;
    const { observed: known, shardId, signal } = this.#claiming;
    const observed = known === undefined || this.#isUncertain
      ? await checkpoints.read(shardId, signal)
      : known.row;
    const ownerId = observed?.ownerId;
    const isOwned = ownerId !== undefined && ownerId !== clientId;
    const isOwnerLiving = isOwned && await this.#isLiving(ownerId, observed);
    const { decision } = mayCapture({ clientId, checkpoint: observed, isOwnerLiving });
    if (observed !== undefined && decision === "finished") {
      return { outcome: "finished", checkpoint: observed };
    }
    this.#claiming.onHeld?.(decision === "wait" ? this.#owner : undefined);
    if (decision === "wait" || !lease.isValid) return "held";
    return await this.#capture(observed);
  }

  /** Whether the process that captured the shard may be alive. */
  async #isLiving(ownerId: string, observed: Checkpoint | undefined): Promise<boolean> {
    const { clock } = this.#context;
    const capturedBy = observed?.ownerIncarnation;
    const askedAtMs = clock.monotonicMs();
    const owner = await this.#claiming.roster.watch(ownerId, this.#claiming.signal);
    if (owner?.isLiving !== true) return false;
    const { incarnation: beating, maxAgeMs } = owner.row;
    const { sequenceNumber } = observed ?? {};
    this.#owner = { ownerId, maxAgeMs: owner.maxAgeMs, sequenceNumber };
    if (!isReplaced({ capturedBy, beating })) this.#replaced = undefined;
    else if (this.#replaced?.capturedBy !== capturedBy) {
      this.#replaced = { capturedBy, sinceMs: clock.monotonicMs() };
    }
    const replacedMs = askedAtMs - (this.#replaced?.sinceMs ?? askedAtMs);
    return !isOwnerGone({ capturedBy, beating, maxAgeMs, replacedMs });
  }

  /** The shard, if a capture of ours landed although its answer was lost. */
  async findLostCapture(): Promise<Claim> {
    const { checkpoints, options: { clientId } } = this.#context;
    const { shardId, abandonSignal: signal } = this.#claiming;
    if (!this.#isUncertain) return { outcome: "stopped" };
    const what = { operation: "capture", shardId, signal };
    const row = await persist(
      this.#context,
      what,
      async () => ({ found: await checkpoints.read(shardId, signal) }),
    );
    return row?.found?.ownerId === clientId
      ? { outcome: "captured", checkpoint: row.found }
      : { outcome: "stopped" };
  }

  async #capture(observed: Checkpoint | undefined): Promise<Claim | "held"> {
    const { checkpoints, clock, incarnation, random } = this.#context;
    const { clientId, clientName } = this.#context.options;
    const { shardId, abandonSignal } = this.#claiming;
    const lastUpdate = uniqueUpdate(clock.nowMs(), observed?.lastUpdate, random.next());
    const startAtMs = pinsStart(observed) ? clock.nowMs() : undefined;
    const owner = { clientId, clientName, incarnation };
    const request = { shardId, owner, observed, lastUpdate, startAtMs };
    this.#isUncertain = true;
    const result = await checkpoints.capture(request, abandonSignal);
    this.#isUncertain = false;
    return result.outcome === "captured" ? result : "held";
  }
}

function waitMs({ options, random }: LoopContext, waits: number): number {
  return backoffMs({
    failures: waits,
    baseMs: FIRST_WAIT_MS,
    maxMs: Math.max(FIRST_WAIT_MS, options.shardCheckIntervalMs),
    chance: random.next(),
  });
}
