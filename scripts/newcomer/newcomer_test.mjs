// What is tried is what the README says, and a try that did not come true is refused.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NODES_FOLDER, pinnedNodes } from "./nodes.mjs";
import { commandRows, firstProgram, stepsOf, typedLines } from "./readme.mjs";
import { checkStatus, exportsOf } from "./try.mjs";

/** @param {string} title */
function rowOf(title) {
  const row = commandRows().find((each) => each.title.startsWith(title));
  assert.ok(row, `the README says nothing of ${title}`);
  return row;
}

describe("what the README tells a newcomer", () => {
  it("begins with a whole program", () => {
    assert.match(firstProgram(), /^import \{ Kinsumer \} from "kinsumer";\n[^]*\n\}$/);
  });

  it("is the same in the steps and in the table's first row", () => {
    assert.deepEqual(stepsOf(rowOf("Node ≥ 20")), typedLines().slice(0, 4));
  });

  it("is said for each runtime, in its own words", () => {
    assert.deepEqual(commandRows().map(({ title }) => title), ["Node ≥ 20", "Bun", "Deno"]);
    assert.deepEqual(stepsOf(rowOf("Bun")).slice(1), [
      "bunx kinsumer local --stream orders",
      "bunx kinsumer put --stream orders hello world",
      "bun app.mjs",
    ]);
  });
});

describe("pinnedNodes()", () => {
  it("names the four majors that are promised", () => {
    const majors = pinnedNodes().map(({ version }) => version.split(".")[0]);
    assert.deepEqual(majors, ["20", "22", "24", "26"], NODES_FOLDER);
  });
});

describe("checkStatus()", () => {
  const done = { shardId: "shardId-1", sequenceNumber: "7", lagMs: 0, ownerId: null };
  const ids = ["shardId-1", "shardId-1"];

  it("takes two records that are checkpointed, in a shard that is free", () => {
    checkStatus({ shards: [done], clients: [] }, ids);
  });

  /** @type {Record<string, [status: Parameters<typeof checkStatus>[0], ids?: string[]]>} */
  const cases = {
    "one record": [{ shards: [done], clients: [] }, ["shardId-1"]],
    "a client that stayed": [{ shards: [done], clients: [{}] }],
    "no checkpoint": [{ shards: [{ ...done, sequenceNumber: null }], clients: [] }],
    "a checkpoint behind": [{ shards: [{ ...done, lagMs: 5 }], clients: [] }],
    "a shard that is owned": [{ shards: [{ ...done, ownerId: "a" }], clients: [] }],
    "another shard": [{ shards: [], clients: [] }],
  };
  for (const [name, [status, shardIds]] of Object.entries(cases)) {
    it(`refuses ${name}`, () => assert.throws(() => checkStatus(status, shardIds ?? ids)));
  }
});

describe("exportsOf()", () => {
  it("reads what is to be pasted, and nothing else", () => {
    assert.deepEqual(exportsOf("Words.\n\nexport A=b:1\nexport C=d\n"), { A: "b:1", C: "d" });
  });
});
