// Contract: expressions hold and apply as DynamoDB says, and are refused as it refuses them. That
// the tables' own expressions mean the same on dynalite is shown in testing/contract/.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseWrite } from "./expressions.ts";

const attributeValues = {
  ":s": { S: "x" },
  ":big": { N: "1795412452783491766" },
  ":null": { S: "NULL" },
} as const;
const attributeNames = { "#a": "A", "#b": "B" };

function holds(
  conditionExpression: string,
  item: Parameters<ReturnType<typeof parseWrite>["holds"]>[0],
): boolean {
  const isUsed = ([placeholder]: [string, unknown]): boolean =>
    conditionExpression.includes(placeholder);
  return parseWrite({
    conditionExpression,
    attributeNames: Object.fromEntries(Object.entries(attributeNames).filter(isUsed)),
    attributeValues: Object.fromEntries(Object.entries(attributeValues).filter(isUsed)),
  }).holds(item);
}

describe("parseWrite()", () => {
  it("binds NOT before AND before OR", () => {
    const both = "attribute_exists(#a) OR attribute_exists(#b) AND NOT attribute_exists(#a)";
    assert.equal(holds(both, { A: { S: "x" } }), true);
    assert.equal(holds(both, { B: { S: "x" } }), true);
    assert.equal(holds(both, {}), false);
    const grouped = "(attribute_exists(#a) OR attribute_exists(#b)) AND NOT attribute_exists(#a)";
    assert.equal(holds(grouped, { A: { S: "x" } }), false);
  });

  it("compares numbers beyond 2^53 exactly, and never across types", () => {
    assert.equal(holds("#a = :big", { A: { N: "1795412452783491766" } }), true);
    assert.equal(holds("#a = :big", { A: { N: "1795412452783491767" } }), false);
    assert.equal(holds("#a <= :big", { A: { N: "1795412452783491766" } }), true);
    assert.equal(holds("#a <= :big", { A: { N: "1795412452783491767" } }), false);
    assert.equal(holds("#a <= :big", { A: { S: "1" } }), false);
    assert.equal(holds("#a = :s", {}), false);
  });

  it("knows the type of an attribute", () => {
    assert.equal(holds("attribute_type(#a, :null)", { A: { NULL: true } }), true);
    assert.equal(holds("attribute_type(#a, :null)", { A: { S: "" } }), false);
    assert.equal(holds("NOT attribute_type(#a, :null)", {}), true);
  });

  it("sets and removes, and leaves the rest", () => {
    const write = parseWrite({
      updateExpression: "SET #a = :s REMOVE #b",
      attributeNames,
      attributeValues: { ":s": { S: "new" } },
    });
    const before = { A: { S: "old" }, B: { S: "gone" }, C: { S: "kept" } };
    assert.deepEqual(write.apply(before), { A: { S: "new" }, C: { S: "kept" } });
    assert.equal(before.A.S, "old");
  });

  const refused = {
    "an unused name": { conditionExpression: "attribute_exists(#a)", attributeNames },
    "an unused value": {
      conditionExpression: "attribute_exists(#a)",
      attributeNames: { "#a": "A" },
      attributeValues: { ":s": { S: "x" } },
    },
    "a missing name": { conditionExpression: "attribute_exists(#c)" },
    "a missing value": { conditionExpression: "#a = :c", attributeNames: { "#a": "A" } },
    "a name without a placeholder": { conditionExpression: "attribute_exists(Name)" },
    "an open bracket": {
      conditionExpression: "(attribute_exists(#a)",
      attributeNames: { "#a": "A" },
    },
    "a word too many": {
      conditionExpression: "attribute_exists(#a) )",
      attributeNames: { "#a": "A" },
    },
    "an unknown clause": { updateExpression: "ADD #a :s", attributeNames: { "#a": "A" } },
  };
  for (const [which, request] of Object.entries(refused)) {
    it(`refuses ${which}`, () => {
      assert.throws(() => parseWrite(request), {
        code: "RequestRejected",
        awsCode: "ValidationException",
      });
    });
  }
});
