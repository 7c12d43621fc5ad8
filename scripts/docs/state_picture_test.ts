/**
 * Contract: the picture of a shard's life shows every way that the rule allows, and no other; the
 * file is what is drawn; the guide shows it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mayEnter } from "../../src/rules/shard_state.ts";
import { read } from "./markdown.mjs";
import { ARROWS, FRAMED, PICTURE, statePicture, STATES } from "./state_picture.ts";

describe("the picture of a shard's life", () => {
  it("shows every way that the rule allows, and no other", () => {
    const allowed = STATES.flatMap((from) =>
      STATES.filter((to) => mayEnter(from, to)).map((to) => `${from} → ${to}`)
    );
    const drawn = [
      ...ARROWS.map(({ from, to }) => `${from} → ${to}`),
      ...FRAMED.map((from) => `${from} → lost`),
    ];
    assert.deepEqual(drawn.sort(), allowed.sort());
  });

  it("is the file that the guide shows: npm run docs:states draws it", () => {
    assert.equal(read(PICTURE), statePicture());
    assert.ok(read("docs/how-it-works.md").includes("](images/shard-states.svg)"));
  });
});
