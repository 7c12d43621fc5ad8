// The contract: every shard has one client, shares are equal give or take one, and a change moves
// the fewest shards it can (P5, P6); the Go library's rule is repeated exactly.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { assignBalanced, assignByModulo, type Assignment, countMoves } from "./assignment.ts";

const ids = (prefix: string, max: number) =>
  fc.uniqueArray(fc.nat(200), { maxLength: max }).map((each) => each.map((n) => prefix + n));
const facts = fc.record({
  clientIds: ids("c", 12),
  shardIds: ids("s", 60),
  before: fc.array(fc.tuple(fc.nat(14), fc.nat(200)), { maxLength: 80 }),
}).map(({ clientIds, shardIds, before }) => {
  const current = new Map<string, string[]>();
  for (const [client, shard] of before) {
    const clientId = clientIds[client] ?? `gone${client}`;
    const shardId = shardIds[shard % 70] ?? `s${shard}`; // mostly one that is there
    current.set(clientId, [...(current.get(clientId) ?? []), shardId]);
  }
  return { clientIds, shardIds, current: current as Assignment };
});

/** The fewest shards that must leave living clients: what they have beyond an equal share. */
function fewestMoves(clientIds: readonly string[], shardIds: readonly string[], held: Assignment) {
  const counts = clientIds.map((id) => held.get(id)?.length ?? 0).sort((a, b) => b - a);
  const share = Math.floor(shardIds.length / clientIds.length);
  const extra = shardIds.length % clientIds.length;
  return counts.reduce(
    (sum, count, i) => sum + Math.max(0, count - share - (i < extra ? 1 : 0)),
    0,
  );
}

describe("assignBalanced()", () => {
  it("gives each shard to exactly one client, in equal shares", () => {
    fc.assert(fc.property(facts, ({ clientIds, shardIds, current }) => {
      const next = assignBalanced({ clientIds, shardIds, current });
      if (clientIds.length === 0) return assert.equal(next.size, 0);
      assert.deepEqual([...next.keys()].sort(), [...clientIds].sort());
      assert.deepEqual([...next.values()].flat().sort(), [...shardIds].sort());
      const sizes = [...next.values()].map((each) => each.length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }));
  });

  it("moves the fewest shards that equal shares allow", () => {
    fc.assert(fc.property(facts, ({ clientIds, shardIds, current }) => {
      fc.pre(clientIds.length > 0);
      const settled = assignBalanced({ clientIds, shardIds, current });
      for (const change of [clientIds.slice(1), [...clientIds, "joiner"]]) {
        if (change.length === 0) continue;
        const next = assignBalanced({ clientIds: change, shardIds, current: settled });
        const kept = new Map([...settled].filter(([id]) => change.includes(id)));
        assert.equal(countMoves(kept, next), fewestMoves(change, shardIds, kept));
      }
    }));
  });

  it("moves the fewest shards whoever has how many", () => {
    fc.assert(fc.property(facts, ({ clientIds, shardIds, current }) => {
      fc.pre(clientIds.length > 0);
      const free = new Set(shardIds);
      const held = new Map(
        [...current].filter(([id]) => clientIds.includes(id))
          .map(([id, mine]) => [id, mine.filter((shardId) => free.delete(shardId))]),
      );
      const next = assignBalanced({ clientIds, shardIds, current: held });
      assert.equal(countMoves(held, next), fewestMoves(clientIds, shardIds, held));
    }));
  });

  it("changes nothing when nothing changed, in whatever order the facts are listed", () => {
    fc.assert(fc.property(facts, ({ clientIds, shardIds, current }) => {
      const next = assignBalanced({ clientIds, shardIds, current });
      const again = assignBalanced({
        clientIds: [...clientIds].reverse(),
        shardIds: [...shardIds].reverse(),
        current: next,
      });
      assert.deepEqual([...again].sort(), [...next].sort());
    }));
  });

  it("leaves a shard that two clients claim with the lower ID", () => {
    const current = new Map([["b", ["s1"]], ["a", ["s1"]]]);
    const next = assignBalanced({ clientIds: ["a", "b"], shardIds: ["s1", "s2"], current });
    assert.deepEqual([...next], [["a", ["s1"]], ["b", ["s2"]]]);
  });
});

describe("assignByModulo()", () => {
  it("gives shard i to client i mod n, both sorted, as the Go library does", () => {
    const next = assignByModulo({ clientIds: ["y", "x"], shardIds: ["s3", "s1", "s2"] });
    assert.deepEqual([...next], [["x", ["s1", "s3"]], ["y", ["s2"]]]);
  });

  it("gives nothing to nobody", () => {
    assert.equal(assignByModulo({ clientIds: [], shardIds: ["s1"] }).size, 0);
  });
});

describe("countMoves()", () => {
  it("counts shards that change clients, not those that nobody had or nobody has", () => {
    const before = new Map([["a", ["s1", "s2", "s3"]]]);
    assert.equal(countMoves(before, new Map([["a", ["s1"]], ["b", ["s2", "s4"]]])), 1);
  });
});
