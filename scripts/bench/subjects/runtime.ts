/**
 * The machine that a set-up of Kinsumer asks for.
 *
 * @module
 */

import { type Runtime, systemRuntime } from "../../../src/runtime.ts";
import type { Setup } from "./meter.ts";

/** What docs and docstring advise for a process that does little else, as this one. */
const MIN_HEAP_BYTES = 25_165_824;

/** The runtime of a set-up. */
export async function runtimeOf({ transport }: Setup): Promise<Runtime> {
  if (transport === "fetch") return systemRuntime();
  return (await import("../../../src/node/mod.ts")).nodeRuntime({ minHeapBytes: MIN_HEAP_BYTES });
}
