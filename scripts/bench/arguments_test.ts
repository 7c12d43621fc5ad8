/**
 * The contract: the benchmark's command line is read whole, and what is wrong is named.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readArguments } from "./arguments.ts";

describe("readArguments()", () => {
  it("measures everything in three rounds by default", () => {
    const command = readArguments([]);
    assert.equal(command.outcome, "run");
    const { settings } = command as Extract<typeof command, { outcome: "run" }>;
    assert.equal(settings.rounds, 3);
    assert.deepEqual(settings.runtimes, ["node", "deno", "bun"]);
    assert.deepEqual(settings.only, []);
  });

  it("makes one round where it is quick", () => {
    const command = readArguments(["--quick", "--only", "1 KiB, Go", "--runtime", "bun"]);
    assert.equal(command.outcome, "run");
    const { settings } = command as Extract<typeof command, { outcome: "run" }>;
    assert.equal(settings.rounds, 1);
    assert.equal(settings.isQuick, true);
    assert.deepEqual(settings.only, ["1 KiB", "Go"]);
    assert.deepEqual(settings.runtimes, ["bun"]);
  });

  it("goes on for so many minutes, however many rounds that is", () => {
    const command = readArguments(["--goals", "--minutes", "12"]);
    const { settings } = command as Extract<typeof command, { outcome: "run" }>;
    assert.equal(settings.minutes, 12);
    assert.equal(settings.isGoals, true);
    assert.equal(settings.rounds, 25);
  });

  for (
    const args of [
      ["--minutes", "0"],
      ["--rounds", "0"],
      ["--rounds", "x"],
      ["--runtime", "perl"],
      ["--fast"],
    ]
  ) {
    it(`refuses ${args.join(" ")}`, () => {
      assert.equal(readArguments(args).outcome, "refused");
    });
  }
});
