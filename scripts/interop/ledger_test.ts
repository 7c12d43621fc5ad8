// The ledger counts what was lost and what came twice, and blames a kill only for what it can explain.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Ledger } from "./ledger.ts";

describe("Ledger", () => {
  it("counts as lost what was never delivered", () => {
    const ledger = new Ledger();
    const [first] = [ledger.next("a"), ledger.next("a")];
    ledger.deliver("go-1", first);
    assert.equal(ledger.account().lost, 1);
  });

  it("explains a duplicate by the kill of the client that had the record first", () => {
    const ledger = new Ledger();
    const record = ledger.next("a");
    ledger.deliver("go-1", record);
    ledger.killed("go-1");
    ledger.deliver("z-1", record);
    const { duplicates, explained } = ledger.account();
    assert.deepEqual({ duplicates, explained }, { duplicates: 1, explained: 1 });
  });

  it("does not explain a duplicate by the kill of another client", () => {
    const ledger = new Ledger();
    const record = ledger.next("a");
    ledger.deliver("go-1", record);
    ledger.killed("go-2");
    ledger.deliver("z-1", record);
    assert.equal(ledger.account().explained, 0);
  });

  it("counts a record that came after a later one of its key, and not one of another key", () => {
    const ledger = new Ledger();
    const [a, b, c] = [ledger.next("x"), ledger.next("x"), ledger.next("y")];
    for (const record of [c, b, a]) ledger.deliver("z-1", record);
    assert.equal(ledger.account().outOfOrder, 1);
  });
});
