// The command line is taken as it is meant, or refused with words that say what is wrong.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCommand } from "./arguments.ts";

const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [["--minutes", "0"], /--minutes must be a number from 0.25 to 120, got "0"/],
  [["--minutes", "1e2"], /--minutes must be .*, got "1e2"/],
  [["--seed=-1"], /--seed must be .*, got "-1"/],
  [["--clients", "2"], /--clients must be a whole number from 3 to 24/],
  [["--shards", "8.5"], /--shards must be .*, got "8.5"/],
  [["--rate", ""], /--rate must be .*, got ""/],
  [["--minute", "1"], /minute/],
];

describe("readCommand()", () => {
  it("runs for ten minutes with six clients on sixteen shards and any seed, unless told", () => {
    assert.deepEqual(readCommand([], 77), {
      outcome: "run",
      settings: { minutes: 10, seed: 77, clients: 6, shards: 16, rate: 200, isJson: false },
    });
  });

  it("takes every option", () => {
    const text = "--minutes 0.5 --seed 3 --clients 8 --shards=20 --rate 50 --json";
    assert.deepEqual(readCommand(text.split(" "), 77), {
      outcome: "run",
      settings: { minutes: 0.5, seed: 3, clients: 8, shards: 20, rate: 50, isJson: true },
    });
  });

  it("shows the help, whatever else is asked", () => {
    assert.deepEqual(readCommand(["--json", "-h"], 1), { outcome: "help" });
  });

  for (const [args, message] of REFUSED) {
    it(`refuses ${args.join(" ")}`, () => {
      const command = readCommand(args, 1);
      assert.equal(command.outcome, "refused");
      assert.match(command.outcome === "refused" ? command.message : "", message);
    });
  }
});
