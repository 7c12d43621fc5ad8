/**
 * Watches for shards that stand still: tells of each, and begins anew to read those whose reading
 * hangs. One timer for all shards.
 *
 * @module
 */

import { lookForStall, type ShardFacts, type Stall, type Standing } from "../rules/stall.ts";
import type { ShardConsumer } from "./consume_shard.ts";
import type { LoopContext } from "./context.ts";
import { inspect } from "./inspect.ts";

/** How often it is looked within the time that a shard may stand still. */
const LOOKS_PER_STALL = 4;

/** Watches for shards that stand still. */
export class Watchdog {
  readonly #context: LoopContext;
  readonly #consumers: () => readonly ShardConsumer[];
  #standings: ReadonlyMap<string, Standing> = new Map();
  #stalls: ReadonlyMap<string, Stall> = new Map();

  constructor(context: LoopContext, consumers: () => readonly ShardConsumer[]) {
    this.#context = context;
    this.#consumers = consumers;
  }

  /** The shards that stood still at the last look. */
  get stalls(): ReadonlyMap<string, Stall> {
    return this.#stalls;
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, options: { stalledAfterMs } } = this.#context;
    while (!signal.aborted) {
      this.#look();
      await clock.sleep(stalledAfterMs / LOOKS_PER_STALL, signal);
    }
  }

  #look(): void {
    const { clock, handoff, options } = this.#context;
    const limits = { ...options, nowMs: clock.monotonicMs() };
    const [standings, stalls] = [new Map<string, Standing>(), new Map<string, Stall>()];
    for (const consumer of this.#consumers()) {
      const { shardId } = consumer;
      const facts = inspect(consumer, handoff.hasTaker);
      const { standing, stall } = lookForStall(this.#standings.get(shardId), facts, limits);
      standings.set(shardId, standing);
      if (stall === undefined) continue;
      stalls.set(shardId, stall);
      if (stall.isNews) this.#tell(consumer, stall, facts);
    }
    this.#standings = standings;
    this.#stalls = stalls;
  }

  #tell(consumer: ShardConsumer, stall: Stall, { lagMs, owner }: ShardFacts): void {
    const { announcer, telemetry } = this.#context;
    const { shardId } = consumer;
    const isRestarted = stall.mustRestart && consumer.restartReading();
    const { stalledMs, waitingFor } = stall;
    const ownerId = owner?.ownerId;
    const facts = { shardId, waitingFor, stalledMs, lagMs, isRestarted, ownerId };
    telemetry.stalled(facts);
    announcer.announce({ type: "shard-stalled", ...facts });
  }
}
