// Contract: the thread of the canned tables answers each question with the counts, however many are
// asked, and leaves no listener behind with any.

import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { startTables } from "./tables_thread.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const skip = major < 22 || (major === 22 && minor < 18)
  ? "a thread of this Node runs no TypeScript; the benchmark's is compiled"
  : false;

describe("the canned tables' thread", () => {
  it("answers question after question, without a warning", { timeout: 30_000, skip }, async () => {
    const warnings: string[] = [];
    const note = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);
    process.on("warning", note);
    const tables = await startTables();
    try {
      assert.ok(tables.port > 0, `port ${tables.port}`);
      const first = await tables.ask("counts");
      for (let round = 0; round < 12; round++) {
        assert.deepEqual(await tables.ask("reset"), first, `round ${round}`);
      }
      await new Promise((resolve) => setImmediate(resolve)); // warnings come with the next tick
      assert.deepEqual(warnings, []);
    } finally {
      process.off("warning", note);
      await tables.stop();
    }
  });
});
