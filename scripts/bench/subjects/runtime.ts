/**
 * The machine that a set-up of Kinsumer asks for.
 *
 * @module
 */

import { type Runtime, systemRuntime } from "../../../src/runtime.ts";
import type { Setup } from "./meter.ts";

/** The runtime of a set-up. */
export async function runtimeOf({ transport }: Setup): Promise<Runtime> {
  if (transport === "fetch") return systemRuntime();
  return (await import("../../../src/node/mod.ts")).nodeRuntime();
}
