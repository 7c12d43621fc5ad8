/**
 * Finds the peers' packages, which are installed apart from the library's.
 *
 * @module
 */

import { createRequire } from "node:module";
import process from "node:process";

/** Loads a package of scripts/bench/package.json. */
export function loadPeer(name: string): unknown {
  const manifest = process.env["KINSUMER_BENCH_PEERS"];
  if (manifest === undefined) {
    throw new Error("Cannot load a peer: npm run bench knows where it is");
  }
  return createRequire(manifest)(name);
}
