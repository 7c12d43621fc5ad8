// The command line is taken as it is meant, or refused with words that say what is wrong.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCommand } from "./arguments.ts";

const NAMES = ["kill", "idle"];

describe("readCommand()", () => {
  it("plays every scenario against the Go library unless told", () => {
    assert.deepEqual(readCommand([], NAMES), {
      outcome: "run",
      settings: { peer: "original", only: undefined, isJson: false },
    });
  });

  it("takes one scenario, the stand-in and JSON", () => {
    assert.deepEqual(readCommand(["--only", "idle", "--peer", "stand-in", "--json"], NAMES), {
      outcome: "run",
      settings: { peer: "stand-in", only: "idle", isJson: true },
    });
  });

  for (const args of [["--only", "nope"], ["--peer", "go"], ["--jsn"], ["kill"]]) {
    it(`refuses ${args.join(" ")}`, () => {
      assert.equal(readCommand(args, NAMES).outcome, "refused");
    });
  }
});
