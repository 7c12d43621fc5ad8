// Contract: what a program wrote to a terminal comes out with its colours, in its columns, as XML.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lastFrame, linesOf, runsOf, toSvg } from "./svg.ts";

describe("runsOf()", () => {
  it("cuts text by its looks, and leaves other sequences out", () => {
    assert.deepEqual(runsOf("a\x1b[1;36mb\x1b[0m\x1b[Kc"), [
      { text: "a", codes: [] },
      { text: "b", codes: ["1", "36"] },
      { text: "c", codes: [] },
    ]);
  });
});

describe("toSvg()", () => {
  it("puts each piece into its column, in its colour, escaped", () => {
    const svg = toSvg(["ab  \x1b[31m<x>\x1b[0m"], { title: "a & b", columns: 10 });
    assert.match(svg, /<text x="14\.0" y="57" textLength="16\.8" fill="#d6d9df">ab<\/text>/);
    assert.match(svg, /<text x="47\.6" y="57" textLength="25\.2" fill="#ff6b68">&lt;x&gt;<\/text>/);
    assert.match(svg, />a &amp; b<\/text>/);
  });
});

describe("lastFrame()", () => {
  it("is what was drawn last", () => {
    const frame = (text: string): string => `\x1b[?2026h\x1b[H${text}\x1b[K\r\n\x1b[J\x1b[?2026l`;
    const [first] = lastFrame(`${frame("one")}${frame("two")}`);
    assert.deepEqual(runsOf(first!).map(({ text }) => text), ["two"]);
  });
});

describe("linesOf()", () => {
  it("takes a terminal's line ends", () =>
    assert.deepEqual(linesOf("a\r\r\nb\r\n\r\n"), ["a", "b"]));

  it("forgets what was wiped away", () => {
    assert.deepEqual(linesOf("\r\x1b[KWaiting ...\r\x1b[Ka\n"), ["a"]);
  });
});
