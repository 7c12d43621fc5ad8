// The contract: of each key one is under way at a time, in the order in which they came; nothing is
// lost and nothing given twice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { KeyOrder } from "./key_order.ts";

function orderOf(...entries: readonly (readonly [key: string, item: number])[]) {
  const order = new KeyOrder<string, number>();
  for (const [key, item] of entries) order.add(key, item);
  return order;
}

describe("KeyOrder", () => {
  it("gives one of each key, and the next when that is done", () => {
    const order = orderOf(["a", 1], ["a", 2], ["b", 3]);
    assert.equal(order.next()?.item, 1);
    assert.equal(order.next()?.item, 3);
    assert.equal(order.next(), undefined);
    assert.equal(order.waitingCount, 1);
    order.done("b");
    assert.equal(order.isReady, false);
    order.done("a");
    assert.equal(order.next()?.item, 2);
  });

  it("gives one again that has not begun after all, before those behind it", () => {
    const order = orderOf(["a", 1], ["a", 2]);
    const { key, item } = order.next()!;
    order.undo(key, item);
    assert.equal(order.waitingCount, 2);
    assert.equal(order.next()?.item, 1);
    assert.equal(order.next(), undefined);
  });

  it("takes out what has not begun, and goes on with what comes after", () => {
    const order = orderOf(["a", 1], ["a", 2], ["b", 3], ["b", 4]);
    order.next();
    assert.deepEqual([...order.clear()].sort(), [2, 3, 4]);
    assert.equal(order.waitingCount, 0);
    order.add("b", 5);
    order.add("a", 6);
    assert.equal(order.next()?.item, 5);
    assert.equal(order.next(), undefined, "the one that was under way has not ended");
    order.done("a");
    assert.equal(order.next()?.item, 6);
  });

  it("keeps every key's order whatever ends when", () => {
    const steps = fc.array(fc.record({ key: fc.nat(3), isEnd: fc.boolean(), which: fc.nat(9) }));
    fc.assert(fc.property(steps, (all) => {
      const order = new KeyOrder<number, number>();
      const running: { readonly key: number; readonly item: number }[] = [];
      const given = new Map<number, number[]>();
      const begin = () => {
        for (let next = order.next(); next !== undefined; next = order.next()) {
          assert.ok(!running.some(({ key }) => key === next.key), "two of a key at once");
          running.push(next);
          given.set(next.key, [...given.get(next.key) ?? [], next.item]);
        }
      };
      const end = (which: number) => {
        const [ended] = running.splice(which % running.length, 1);
        if (ended !== undefined) order.done(ended.key);
      };
      all.forEach(({ key, isEnd, which }, item) => {
        if (isEnd && running.length > 0) end(which);
        else order.add(key, item);
        begin();
      });
      while (running.length > 0) {
        end(0);
        begin();
      }
      const counts = [...given.values()].flat().length;
      assert.equal(order.waitingCount, 0);
      assert.ok(counts <= all.length, "something was given twice");
      for (const items of given.values()) {
        assert.deepEqual(items, [...items].sort((x, y) => x - y));
      }
    }));
  });
});
