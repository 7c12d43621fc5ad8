/**
 * The fleet of compose.yaml shares its stream, in containers, where an engine can be had.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { nodeTypescriptArgs, runtimePath } from "../../runtimes.mjs";
import { type Scene, Skipped } from "./scene.ts";

/** The engine starts, its images are made: all of that takes longer than a program. */
const PATIENCE_MS = 240_000;

/** Proves the example; returns what was seen. */
export async function proveDockerCompose(scene: Scene): Promise<string> {
  const program = fileURLToPath(new URL("compose_fleet.ts", import.meta.url));
  const args = [...nodeTypescriptArgs(), program, scene.folder, scene.tarball];
  const fleet = scene.start([runtimePath("node"), ...args]);
  await fleet.success(PATIENCE_MS);
  const seen = fleet.output.trim().split("\n").at(-1) ?? "";
  const why = /^SKIPPED: (.+)$/.exec(seen)?.[1];
  if (why !== undefined) throw new Skipped(why);
  return seen;
}
