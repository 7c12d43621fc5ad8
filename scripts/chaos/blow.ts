/**
 * What all blows share: a victim and measures from the seed, and faults that are mended in the end.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../testing/fault_proxy.ts";
import type { ChaosClient } from "./client_process.ts";
import type { WindowFacts } from "./windows.ts";
import type { World } from "./world.ts";

/** Deals one blow; resolves when all is mended. Skipped, when too few clients are well. */
export type Blow = (world: World, signal: AbortSignal) => Promise<void | "dealt" | "skipped">;

/** A share of the clients must be without a fault of its own. */
const MIN_HEALTHY_SHARE = 0.5;

/** What goes wrong for a while. */
export interface Suffering {
  readonly faults: readonly Fault[];
  readonly forMs: number;
  /** Absent: it keeps nobody from committing, and explains nothing. */
  readonly window?: WindowFacts | undefined;
}

/** Makes it go wrong, and mends it. */
export async function suffer(
  world: World,
  signal: AbortSignal,
  suffering: Suffering,
): Promise<void> {
  const { faults, forMs, window } = suffering;
  const close = window && world.windows.open(window);
  const handles = faults.map((fault) => world.proxy.faults.add(fault));
  await pause(forMs, signal);
  for (const handle of handles) handle.remove();
  close?.();
}

/** A blow to one client that has no fault of its own yet. */
export function onVictim(
  deal: (world: World, victim: ChaosClient, signal: AbortSignal) => Promise<void>,
): Blow {
  return async (world, signal) => {
    const { healthy, settings: { clients } } = world;
    if (healthy.length <= Math.ceil(clients * MIN_HEALTHY_SHARE)) return "skipped";
    const victim = pick(world, healthy);
    victim.isVictim = true;
    await deal(world, victim, signal);
    victim.isVictim = false;
    return "dealt";
  };
}

/** One of them, by the seed. */
export function pick<Item>({ random }: World, items: readonly Item[]): Item {
  return items[Math.floor(random.next() * items.length)]!;
}

/** A number, by the seed. */
export function between({ random }: World, least: number, most: number): number {
  return least + (most - least) * random.next();
}

/** Waits; an interruption ends the wait: what is broken is mended all the same. */
export async function pause(forMs: number, signal: AbortSignal): Promise<void> {
  await sleep(forMs, undefined, { signal }).catch(() => {});
}

/** A client in words. */
export function nameOf({ name, runtime }: ChaosClient): string {
  return `${name} (${runtime})`;
}

/** A time in words. */
export function ms(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

/** A share in words. */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
