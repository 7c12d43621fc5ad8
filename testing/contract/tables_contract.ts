/**
 * Says what the three tables promise, as tests that any implementation can be put through.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Checkpoint } from "../../src/model.ts";
import type { CheckpointsTable } from "../../src/tables/checkpoints.ts";
import type { BeatingClient, ClientsTable } from "../../src/tables/clients.ts";
import { nextUpdate } from "../../src/tables/item.ts";
import type { MetadataTable } from "../../src/tables/metadata.ts";

/** The tables to try, empty. */
export interface TablesUnderTest {
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
  close(): Promise<void>;
}

/** Registers the suite. `open` is called once for each of its parts. */
export function describeTablesContract(name: string, open: () => Promise<TablesUnderTest>): void {
  describe(`clients table: ${name}`, () => describeClients(open));
  describe(`checkpoints table: ${name}`, () => {
    describeCapture(open);
    describeCommit(open);
  });
  describe(`metadata table: ${name}`, () => {
    describeLead(open);
    describeShardCache(open);
  });
}

/** Opens tables before the tests of the describe() that calls it, and closes them after. */
function tablesIn(open: () => Promise<TablesUnderTest>): () => TablesUnderTest {
  let tables: TablesUnderTest | undefined;
  before(async () => {
    tables = await open();
  });
  after(async () => {
    await tables?.close();
  });
  return () => {
    if (tables === undefined) throw new Error("The tables are not open");
    return tables;
  };
}

function client(clientId: string, overrides: Partial<BeatingClient> = {}): BeatingClient {
  return {
    clientId,
    clientName: `name of ${clientId}`,
    maxAgeMs: 15_000,
    incarnation: `first of ${clientId}`,
    isLeaving: false,
    ...overrides,
  };
}

function describeClients(open: () => Promise<TablesUnderTest>): void {
  const tables = tablesIn(open);

  it("register() writes a row that read() and list() return", async () => {
    const { clients } = tables();
    const row = await clients.register(client("registers"));
    assert.equal(row.clientId, "registers");
    assert.equal(row.clientName, "name of registers");
    assert.equal(row.maxAgeMs, 15_000);
    assert.equal(row.assignedShardIds, undefined);
    assert.notEqual(row.isLeaving, true);
    assert.match(row.lastUpdate, /^\d{19}$/);
    assert.deepEqual(await clients.read("registers"), row);
    assert.deepEqual((await clients.list()).filter((one) => one.clientId === "registers"), [row]);
  });

  it("read() knows no row of a client that never registered", async () => {
    assert.equal(await tables().clients.read("nobody"), undefined);
  });

  it("beat() changes lastUpdate each time, ever upwards", async () => {
    const { clients } = tables();
    let last = (await clients.register(client("beats"))).lastUpdate;
    for (let count = 0; count < 5; count++) {
      const beaten = await clients.beat(client("beats"));
      assert.ok(beaten.outcome === "beaten");
      assert.ok(BigInt(beaten.row.lastUpdate) > BigInt(last));
      last = beaten.row.lastUpdate;
    }
  });

  it("beat() says that the client is leaving", async () => {
    const { clients } = tables();
    await clients.register(client("leaves"));
    await clients.beat(client("leaves", { isLeaving: true }));
    assert.equal((await clients.read("leaves"))?.isLeaving, true);
  });

  it("beat() after a removal is expelled and brings no row back", async () => {
    const { clients } = tables();
    const row = await clients.register(client("removed"));
    assert.equal(await clients.remove(row), true);
    assert.deepEqual(await clients.beat(client("removed")), { outcome: "expelled" });
    assert.equal(await clients.read("removed"), undefined);
  });

  it("beat() after another process registered the ID is a conflict and writes nothing", async () => {
    const { clients } = tables();
    await clients.register(client("twice"));
    const second = await clients.register(client("twice", { incarnation: "second" }));
    assert.deepEqual(await clients.beat(client("twice")), { outcome: "conflict" });
    assert.deepEqual(await clients.read("twice"), second);
    const beaten = await clients.beat(client("twice", { incarnation: "second" }));
    assert.equal(beaten.outcome, "beaten");
  });

  it("assign() keeps the beat, and beat() keeps the assignment", async () => {
    const { clients } = tables();
    const { lastUpdate } = await clients.register(client("assigned"));
    const shardIds = ["shardId-000000000012", "odd.shard_ID-1"];
    assert.equal(await clients.assign({ clientId: "assigned", shardIds }), true);
    const row = await clients.read("assigned");
    assert.deepEqual(row?.assignedShardIds, shardIds);
    assert.equal(row?.lastUpdate, lastUpdate);
    const beaten = await clients.beat(client("assigned"));
    assert.ok(beaten.outcome === "beaten");
    assert.deepEqual(beaten.row.assignedShardIds, shardIds);
  });

  it("assign() tells no shard from no assignment", async () => {
    const { clients } = tables();
    await clients.register(client("idle"));
    assert.equal((await clients.read("idle"))?.assignedShardIds, undefined);
    await clients.assign({ clientId: "idle", shardIds: [] });
    assert.deepEqual((await clients.read("idle"))?.assignedShardIds, []);
  });

  it("assign() makes no row for a client that is gone", async () => {
    const { clients } = tables();
    assert.equal(await clients.assign({ clientId: "gone", shardIds: ["s"] }), false);
    assert.equal(await clients.read("gone"), undefined);
  });

  it("register() takes over an earlier row with its assignment", async () => {
    const { clients } = tables();
    await clients.register(client("restarts", { isLeaving: true }));
    await clients.assign({ clientId: "restarts", shardIds: ["shardId-000000000001"] });
    const row = await clients.register(client("restarts", { incarnation: "second" }));
    assert.deepEqual(row.assignedShardIds, ["shardId-000000000001"]);
    assert.notEqual(row.isLeaving, true);
  });

  it("remove() spares a client that has beaten since", async () => {
    const { clients } = tables();
    const observed = await clients.register(client("lively"));
    await clients.beat(client("lively"));
    assert.equal(await clients.remove(observed), false);
    const row = await clients.read("lively");
    assert.ok(row !== undefined);
    assert.equal(await clients.remove(row), true);
    assert.equal(await clients.remove(row), false);
  });
}

/** A checkpoint that was just captured, of a shard of its own. */
async function captured(
  checkpoints: CheckpointsTable,
  shardId: string,
  ownerId = "owner",
): Promise<Checkpoint> {
  const answer = await checkpoints.capture({
    shardId,
    owner: { clientId: ownerId, clientName: `name of ${ownerId}` },
    observed: await checkpoints.read(shardId),
    lastUpdate: update(1),
  });
  assert.ok(answer.outcome === "captured");
  return answer.checkpoint;
}

/** Moments of a made-up history, in order. */
function update(moment: number): string {
  return nextUpdate(1_795_412_454_604 + moment);
}

function describeCapture(open: () => Promise<TablesUnderTest>): void {
  const tables = tablesIn(open);

  it("capture() of a new shard makes its row", async () => {
    const { checkpoints } = tables();
    const checkpoint = await captured(checkpoints, "new");
    assert.equal(checkpoint.shardId, "new");
    assert.equal(checkpoint.ownerId, "owner");
    assert.equal(checkpoint.ownerName, "name of owner");
    assert.equal(checkpoint.lastUpdate, update(1));
    assert.equal(checkpoint.sequenceNumber, undefined);
    assert.equal(checkpoint.isFinished, false);
    assert.deepEqual(await checkpoints.read("new"), checkpoint);
  });

  for (const isNew of [true, false]) {
    const which = isNew ? "new" : "released";
    it(`capture() of a ${which} shard by 50 clients at once has one winner`, async () => {
      const { checkpoints } = tables();
      const shardId = `raced ${which}`;
      const first = isNew ? undefined : await captured(checkpoints, shardId);
      if (first !== undefined) {
        await checkpoints.commit({ observed: first, lastUpdate: update(2), isReleased: true });
      }
      const observed = await checkpoints.read(shardId);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          checkpoints.capture({
            shardId,
            owner: { clientId: `client ${index}`, clientName: "racer" },
            observed,
            lastUpdate: update(3),
          }),
        ),
      );
      const winners = answers.filter((answer) => answer.outcome === "captured");
      assert.equal(winners.length, 1);
      assert.deepEqual(await checkpoints.read(shardId), winners[0]?.checkpoint);
    });
  }

  it("capture() of a row that changed since it was observed is held", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "stale");
    await checkpoints.commit({ observed, lastUpdate: update(2) });
    for (const stale of [observed, undefined]) {
      const owner = { clientId: "thief", clientName: "thief" };
      const request = { shardId: "stale", owner, observed: stale, lastUpdate: update(3) };
      assert.deepEqual(await checkpoints.capture(request), { outcome: "held" });
    }
    assert.equal((await checkpoints.read("stale"))?.ownerId, "owner");
  });

  it("capture() of a row that is gone since it was observed is held and makes none", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "vanished");
    assert.equal(await checkpoints.remove(observed), true);
    const owner = { clientId: "late", clientName: "late" };
    const request = { shardId: "vanished", owner, observed, lastUpdate: update(3) };
    assert.deepEqual(await checkpoints.capture(request), { outcome: "held" });
    assert.equal(await checkpoints.read("vanished"), undefined);
  });

  it("capture() from a dead owner keeps the sequence number", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "inherited");
    const committed = await checkpoints.commit({
      observed,
      lastUpdate: update(2),
      sequenceNumber: "49680481876218934751424327625925545619680130071915397154",
    });
    assert.ok(committed.outcome === "committed");
    const heir = await captured(checkpoints, "inherited", "heir");
    assert.equal(heir.ownerId, "heir");
    assert.equal(heir.sequenceNumber, committed.checkpoint.sequenceNumber);
  });

  it("remove() spares a row that changed since", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "kept");
    await checkpoints.commit({ observed, lastUpdate: update(2) });
    assert.equal(await checkpoints.remove(observed), false);
    assert.ok((await checkpoints.read("kept")) !== undefined);
  });

  it("readMany() returns the rows there are, each once; list() all", async () => {
    const { checkpoints } = tables();
    const shardIds = Array.from({ length: 120 }, (_, index) => `many ${index}`);
    await Promise.all(shardIds.map((shardId) => captured(checkpoints, shardId)));
    const asked = ["missing", "many 0", ...shardIds];
    const ids = (rows: readonly Checkpoint[]): string[] => rows.map((row) => row.shardId).sort();
    assert.deepEqual(ids(await checkpoints.readMany(asked)), [...shardIds].sort());
    assert.deepEqual(await checkpoints.readMany([]), []);
    const listed = ids(await checkpoints.list()).filter((id) => id.startsWith("many"));
    assert.deepEqual(listed, [...shardIds].sort());
  });
}

function describeCommit(open: () => Promise<TablesUnderTest>): void {
  const tables = tablesIn(open);

  it("commit() writes the sequence number; without one it renews", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "commits");
    const first = await checkpoints.commit({
      observed,
      lastUpdate: update(2),
      sequenceNumber: "99",
    });
    assert.ok(first.outcome === "committed");
    assert.equal(first.checkpoint.sequenceNumber, "99");
    const renewed = await checkpoints.commit({
      observed: first.checkpoint,
      lastUpdate: update(3),
    });
    assert.ok(renewed.outcome === "committed");
    assert.equal(renewed.checkpoint.sequenceNumber, "99");
    assert.equal(renewed.checkpoint.lastUpdate, update(3));
    assert.equal(renewed.checkpoint.ownerId, "owner");
    assert.deepEqual(await checkpoints.read("commits"), renewed.checkpoint);
  });

  it("commit() that comes again after a later one changes nothing", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "late");
    const early = { observed, lastUpdate: update(2), sequenceNumber: "5" };
    const first = await checkpoints.commit(early);
    assert.ok(first.outcome === "committed");
    const second = await checkpoints.commit({
      observed: first.checkpoint,
      lastUpdate: update(3),
      sequenceNumber: "10",
    });
    assert.ok(second.outcome === "committed");
    assert.deepEqual(await checkpoints.commit(early), { outcome: "conflict" });
    assert.deepEqual(await checkpoints.read("late"), second.checkpoint);
  });

  it("commit() of a shard that another took is a conflict and changes nothing", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "taken");
    const thief = await checkpoints.capture({
      shardId: "taken",
      owner: { clientId: "thief", clientName: "thief" },
      observed,
      lastUpdate: update(2),
    });
    assert.ok(thief.outcome === "captured");
    for (const how of [{}, { isReleased: true }, { isFinished: true }]) {
      const request = { observed, lastUpdate: update(3), sequenceNumber: "7", ...how };
      assert.deepEqual(await checkpoints.commit(request), { outcome: "conflict" });
    }
    assert.deepEqual(await checkpoints.read("taken"), thief.checkpoint);
  });

  it("commit() under the name of another owner is a conflict", async () => {
    const { checkpoints } = tables();
    const observed = { ...(await captured(checkpoints, "forged")), ownerId: "forger" };
    const answer = await checkpoints.commit({ observed, lastUpdate: update(2) });
    assert.deepEqual(answer, { outcome: "conflict" });
  });

  it("commit() of a row without an owner is misuse", async () => {
    const observed = { shardId: "unowned", lastUpdate: "0", isFinished: false };
    const committing = tables().checkpoints.commit({ observed, lastUpdate: update(2) });
    await assert.rejects(committing, TypeError);
  });

  it("commit() of a row that is gone is a conflict and makes none", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "lost");
    await checkpoints.remove(observed);
    const answer = await checkpoints.commit({ observed, lastUpdate: update(2) });
    assert.deepEqual(answer, { outcome: "conflict" });
    assert.equal(await checkpoints.read("lost"), undefined);
  });

  it("commit() releases: no owner, the sequence number stays, and the next may capture", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "releases");
    const released = await checkpoints.commit({
      observed,
      lastUpdate: update(2),
      sequenceNumber: "12",
      isReleased: true,
    });
    assert.ok(released.outcome === "committed");
    assert.equal(released.checkpoint.ownerId, undefined);
    assert.equal(released.checkpoint.ownerName, undefined);
    assert.equal(released.checkpoint.isFinished, false);
    const next = await captured(checkpoints, "releases", "next");
    assert.equal(next.sequenceNumber, "12");
  });

  it("commit() finishes: finished and released", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "finishes");
    const finished = await checkpoints.commit({
      observed,
      lastUpdate: update(2),
      isFinished: true,
    });
    assert.ok(finished.outcome === "committed");
    assert.equal(finished.checkpoint.isFinished, true);
    assert.equal(finished.checkpoint.ownerId, undefined);
    assert.deepEqual(await checkpoints.read("finishes"), finished.checkpoint);
  });

  for (const how of [{}, { isReleased: true }, { isFinished: true }]) {
    it(`commit() ${JSON.stringify(how)} that comes twice at once is committed twice`, async () => {
      const { checkpoints } = tables();
      const observed = await captured(checkpoints, `doubled ${JSON.stringify(how)}`);
      const request = { observed, lastUpdate: update(2), sequenceNumber: "3", ...how };
      const first = await checkpoints.commit(request);
      assert.equal(first.outcome, "committed");
      assert.deepEqual(await checkpoints.commit(request), first);
    });
  }
}

function describeLead(open: () => Promise<TablesUnderTest>): void {
  const tables = tablesIn(open);
  const leader = (clientId: string) => ({ clientId, clientName: `name of ${clientId}`, maxAgeMs: 9 });

  it("lead() is taken, renewed, refused, resigned and stolen", async () => {
    const { metadata } = tables();
    assert.equal(await metadata.readLeader(), undefined);

    const taken = await metadata.lead({ ...leader("a"), observed: undefined });
    assert.equal(taken?.clientId, "a");
    assert.equal(taken?.clientName, "name of a");
    assert.equal(taken?.maxAgeMs, 9);
    assert.deepEqual(await metadata.readLeader(), taken);

    const late = await metadata.lead({ ...leader("b"), observed: undefined });
    assert.equal(late, undefined, "who observed no leader must not displace one");

    const renewed = await metadata.lead({ ...leader("a"), observed: taken });
    assert.ok(renewed !== undefined);
    assert.ok(BigInt(renewed.lastUpdate) > BigInt(taken?.lastUpdate ?? 0));
    const stale = await metadata.lead({ ...leader("b"), observed: taken });
    assert.equal(stale, undefined, "a leader that renewed since must stay");

    const stolen = await metadata.lead({ ...leader("b"), observed: renewed });
    assert.equal(stolen?.clientId, "b", "a leader that is as observed may be displaced");
    assert.ok(BigInt(stolen?.lastUpdate ?? 0) > BigInt(renewed.lastUpdate));

    await metadata.resign("a");
    assert.deepEqual(await metadata.readLeader(), stolen, "only the leader resigns");
    await metadata.resign("b");
    const vacant = await metadata.readLeader();
    assert.equal(vacant?.clientId, undefined);
    assert.equal(vacant?.clientName, undefined);
    const tooLate = await metadata.lead({ ...leader("c"), observed: stolen });
    assert.equal(tooLate, undefined, "the row is not as observed: its leader resigned");

    const retaken = await metadata.lead({ ...leader("c"), observed: vacant });
    assert.equal(retaken?.clientId, "c");
    const second = await metadata.lead({ ...leader("d"), observed: vacant });
    assert.equal(second, undefined, "the vacant lead was taken since");
  });

  it("lead() by its own holder needs no observation, and changes lastUpdate each time", async () => {
    const { metadata } = tables();
    const before = await metadata.readLeader();
    const first = await metadata.lead({ ...leader("e"), observed: before });
    const again = await metadata.lead({ ...leader("e"), observed: undefined });
    assert.ok(first !== undefined && again !== undefined);
    assert.ok(BigInt(again.lastUpdate) > BigInt(first.lastUpdate));
  });

  it("lead() by 50 clients at once has one winner", async () => {
    const { metadata } = tables();
    const observed = await metadata.readLeader();
    const rows = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        metadata.lead({ ...leader(`racer ${index}`), observed }),
      ),
    );
    assert.equal(rows.filter((row) => row !== undefined).length, 1);
  });
}

function describeShardCache(open: () => Promise<TablesUnderTest>): void {
  const tables = tablesIn(open);

  it("writeShardCache() keeps 1,000 IDs, sorted", async () => {
    const { metadata } = tables();
    assert.equal(await metadata.readShardCache(), undefined);
    const shardIds = Array.from(
      { length: 1000 },
      (_, index) => `shardId-${String(index).padStart(12, "0")}`,
    );
    const written = await metadata.writeShardCache([...shardIds].reverse());
    assert.deepEqual(written.shardIds, shardIds);
    assert.deepEqual(await metadata.readShardCache(), written);
  });

  it("writeShardCache() keeps an empty list, and changes lastUpdate", async () => {
    const { metadata } = tables();
    const one = await metadata.writeShardCache(["shardId-000000000001"]);
    const none = await metadata.writeShardCache([]);
    assert.deepEqual(none.shardIds, []);
    assert.ok(BigInt(none.lastUpdate) > BigInt(one.lastUpdate));
    assert.deepEqual(await metadata.readShardCache(), none);
  });

  it("startedAtMs() believes the first of 20 clients that ask at once, for ever", async () => {
    const { metadata } = tables();
    const startMs = 1_795_412_454_604;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => metadata.startedAtMs(startMs + index)),
    );
    assert.equal(new Set(answers).size, 1);
    assert.ok((answers[0] ?? 0) >= startMs && (answers[0] ?? 0) < startMs + 20);
    assert.equal(await metadata.startedAtMs(startMs + 99), answers[0]);
  });
}
