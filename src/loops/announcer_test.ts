// The contract: the log has one line for each change of state, at its level, with the client and the
// facts; while nothing changes it has none, not even at `debug`. What a listener or a logger throws
// is ignored, now or later.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { simulateKinesis } from "../../testing/simulated.ts";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import type { KinsumerEvent, Logger } from "../events.ts";
import { Kinsumer } from "../kinsumer.ts";
import { Announcer } from "./announcer.ts";

interface Line {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const HOUR_MS = 3_600_000;

function notingLogger(lines: Line[]): Logger {
  const write = (level: keyof Logger) => (message: string, fields = {}) =>
    void lines.push({ level, message, fields });
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

describe("the log", () => {
  it("is silent through an idle hour, while the checkpoints are renewed", async () => {
    const lines: Line[] = [];
    const events: KinsumerEvent[] = [];
    const defaults = {
      logger: notingLogger(lines),
      onEvent: (event: KinsumerEvent) => void events.push(event),
    };
    const fleet = createSimulatedFleet({ seed: 1, shards: 2, defaults });
    fleet.put(4);
    const clients = [await fleet.start("a"), await fleet.start("b")];
    await fleet.clock.runUntil(() => fleet.account.isComplete, 60_000);
    await fleet.clock.advance(30_000);
    assert.ok(lines.length > 0, "nothing is ever told");
    lines.length = 0;
    events.length = 0;
    await fleet.clock.advance(HOUR_MS);
    assert.deepEqual(lines, []);
    const renewals = events.filter(({ type }) => type === "checkpointed");
    assert.equal(renewals.length, events.length, "something else happened");
    assert.ok(renewals.length >= 100, `${renewals.length} renewals: this hour tests nothing`);

    fleet.put(1, "shardId-000000000001");
    await fleet.clock.advance(HOUR_MS / 2);
    const told = lines.map(({ level, message, fields }) => [level, message, fields["shardId"]]);
    assert.deepEqual(told, [["debug", "kinsumer: checkpointed", "shardId-000000000001"]]);
    for (const client of clients) await fleet.stop(client);
  });

  it("has one line for each change of state", async () => {
    const lines: Line[] = [];
    const defaults = { logger: notingLogger(lines) };
    const fleet = createSimulatedFleet({ seed: 2, shards: 2, defaults });
    const a = await fleet.start("a");
    await fleet.clock.advance(10_000);
    const b = await fleet.start("b");
    await fleet.clock.advance(10_000);
    await fleet.stop(b);
    await fleet.clock.advance(10_000);
    await fleet.stop(a);
    const told = lines.filter(({ level }) => level !== "debug")
      .map(({ message, fields: { clientId, otherClientId = "" } }) =>
        `${clientId} ${message.slice("kinsumer: ".length)} ${otherClientId}`.trimEnd()
      );
    const counts = new Map<string, number>();
    for (const each of told) counts.set(each, (counts.get(each) ?? 0) + 1);
    assert.deepEqual(Object.fromEntries([...counts].sort()), {
      "a client-joined b": 1,
      "a client-left b": 1,
      "a leader-lost": 1,
      "a leader-won": 1,
      "a rebalanced": 2,
      "a shard-captured": 3,
      "a shard-released": 3,
      "a started": 1,
      "a stopped": 1,
      "b rebalanced": 1,
      "b shard-captured": 1,
      "b shard-released": 1,
      "b started": 1,
      "b stopped": 1,
    });
  });

  it("survives a listener and a logger that throw", () => {
    const fail = (): never => {
      throw new Error("the user's");
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const announcer = new Announcer({ onEvent: fail, logger }, { clientId: "a" });
    announcer.announce({ type: "started", clientId: "a" });
    announcer.loggerWith({}).info("of a handler");
  });

  it("survives those whose promises reject, and nobody else hears of it either", async () => {
    let failures = 0;
    const fail = async (): Promise<void> => {
      await Promise.resolve();
      failures++;
      throw new Error("the user's");
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const statsReceiver = { checkpoint: fail, eventToClient: fail, eventsFromKinesis: fail };
    const simulated = simulateKinesis();
    const kinsumer = new Kinsumer({
      applicationName: "fails",
      onEvent: fail,
      logger,
      statsReceiver,
      ...simulated.clientOptions(),
    });
    simulated.putRecords(["one"]);
    await simulated.consumeAll(kinsumer, { until: 1 });
    // Whatever was not caught has failed this test's process by now.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.ok(failures > 6, `${failures} calls failed`);
  });
});
