/**
 * Runs the local servers in a process of their own, so that clients do not starve them, until
 * standard input ends; then it kills the clients that were frozen, who cannot end by themselves.
 *
 * Reads lines: `frozen PID` and `thawed PID`. Writes one line: the endpoints as JSON.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { startEmbeddedServers } from "../../testing/mod.ts";

const servers = await startEmbeddedServers();
const { stop: _, ...facts } = servers;
const frozen = new Set<number>();
process.on("SIGINT", () => {}); // Ctrl-C is the parent's affair
process.stdout.write(`${JSON.stringify(facts)}\n`);
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [word, pid] = line.split(" ");
  if (word === "frozen") frozen.add(Number(pid));
  if (word === "thawed") frozen.delete(Number(pid));
});
lines.on("close", () => {
  for (const pid of frozen) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It is gone.
    }
  }
  process.exit(0);
});
