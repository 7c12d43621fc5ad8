/**
 * Watches what many rounds of something leave behind: sockets, timers, processes, memory.
 *
 * @module
 */

import assert from "node:assert/strict";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemRuntime } from "../src/runtime.ts";

/** What many rounds left. */
export interface Growth {
  readonly rounds: number;
  /** Sockets, pipes, processes and timers that are open after few rounds, and after all. */
  readonly open: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Bytes of the heap in use, after a collection, half way and in the end. */
  readonly heapBytes: { readonly half: number; readonly end: number };
}

const WARM_UP_ROUNDS = 3;
/** Handles that are still being closed, and timers of the runtime's own. */
const MAX_MORE_OPEN = 2;
/** What collections miss, and caches of the runtime; a local Kinesis that stays is ten times more. */
const MAX_BYTES_PER_ROUND = 6_000;
const MAX_BYTES = 300_000;

/** Whether this runtime can tell what is open, and collects its garbage on demand. */
export function canWatch(): boolean {
  const { Deno: deno, Bun: bun } = globalThis as { Deno?: unknown; Bun?: unknown };
  return deno === undefined && bun === undefined;
}

/** Does so many rounds, some more before, to warm up. */
export async function watchRounds(
  round: () => Promise<void>,
  rounds: number,
): Promise<Growth> {
  for (let count = 0; count < WARM_UP_ROUNDS; count++) await round();
  const before = await openResources();
  const heap: number[] = [];
  for (let count = 0; count < rounds; count++) {
    await round();
    heap.push(usedBytes());
  }
  const after = await openResources();
  const half = heap[Math.floor(heap.length / 2)] ?? 0;
  return { rounds, open: { before, after }, heapBytes: { half, end: heap.at(-1) ?? 0 } };
}

/** The second half of the rounds may cost hardly more memory than the first left. */
export function assertNoGrowth(
  { rounds, open, heapBytes }: Growth,
  { maxBytesPerRound = MAX_BYTES_PER_ROUND }: { readonly maxBytesPerRound?: number } = {},
): void {
  const [before, after] = [open.before.join(" "), open.after.join(" ")];
  assert.ok(
    open.after.length <= open.before.length + MAX_MORE_OPEN,
    `open before ${rounds} rounds: ${before}; after: ${after}`,
  );
  const grown = heapBytes.end - heapBytes.half;
  const limit = MAX_BYTES + maxBytesPerRound * rounds / 2;
  assert.ok(grown <= limit, `${grown} more bytes after the second half of ${rounds} rounds`);
}

async function openResources(): Promise<readonly string[]> {
  if (!canWatch()) return [];
  await systemRuntime().clock.sleep(100); // a closed socket is closed a moment later
  const { getActiveResourcesInfo } = process as { getActiveResourcesInfo?: () => string[] };
  const open = getActiveResourcesInfo?.() ?? [];
  return open.filter((each) => /TCP|Pipe|Process|Timeout|Server/.test(each)).sort();
}

let collect: (() => void) | undefined;

function usedBytes(): number {
  if (!canWatch()) return 0;
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  return process.memoryUsage().heapUsed;
}
