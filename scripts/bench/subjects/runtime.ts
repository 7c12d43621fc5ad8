/**
 * The machine that a set-up of Kinsumer asks for.
 *
 * @module
 */

import { type Runtime, systemRuntime } from "../../../src/runtime.ts";
import type { Setup } from "./meter.ts";

/** The runtime of a set-up. */
export function runtimeOf({ transport }: Setup): Promise<Runtime> {
  if (transport === "fetch") return Promise.resolve(systemRuntime());
  throw new Error("Cannot measure this transport: it does not exist yet");
}
