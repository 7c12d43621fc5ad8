/**
 * Contract: an idle client is calm: so many requests a second and no more; and after `stop()` it
 * leaves nothing that keeps the process alive.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS, Fleet } from "../testing/fleet.ts";
import type { SentRequest } from "../testing/network.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
const OBSERVED_MS = 3_000;
const OUTAGE_MS = 1_500;

let environment: TestEnvironment;

/** Loud on the runtimes where it cannot be told. */
const isNode = "process" in globalThis && !("Deno" in globalThis) && !("Bun" in globalThis);
const ON_NODE = {
  ...LIMIT,
  skip: isNode ? false : "NOT CHECKED HERE: only Node tells what keeps a process alive",
};

function timerCount(): number {
  return process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
}

describe("an idle client", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it("sends no more requests a second than its options say", LIMIT, async () => {
    const shards = 3;
    await Fleet.with(environment, { shardCount: shards }, async (fleet) => {
      const clients = [
        await fleet.join({ options: { clientId: "leader" } }),
        await fleet.join({ options: { clientId: "x-follower" } }),
      ];
      await fleet.balanced(clients, shards);
      await fleet.put(100);
      await fleet.allCollected();
      await clock.sleep(300); // the last commits
      const before = clients.map(({ network }) => network.sent.length);
      await clock.sleep(OBSERVED_MS);
      const sent = clients.map(({ network }, index) => network.sent.slice(before[index]));
      const perSecond = (requests: readonly SentRequest[], operation: string) =>
        requests.filter((each) => each.operation === operation).length / (OBSERVED_MS / 1000);
      const { shardCheckIntervalMs, leaderActionIntervalMs, throttleDelayMs } = FAST_OPTIONS;
      // A beat may come a tenth early; one request more for where the window begins and ends.
      const beats = 1000 / (shardCheckIntervalMs * 0.9) + 1;
      const looks = 1000 / shardCheckIntervalMs + 1;
      const bounds: Readonly<Record<string, readonly [leader: number, follower: number]>> = {
        GetRecords: [2 * (1000 / throttleDelayMs) + 1, 2 * (1000 / throttleDelayMs) + 1],
        UpdateItem: [beats + looks, beats],
        GetItem: [looks, looks],
        Scan: [looks, looks / 2], // a follower's: every fifth beat, and more often for a while at first
        ListShards: [1000 / leaderActionIntervalMs + 1, 0],
      };
      for (const [index, requests] of sent.entries()) {
        const who = clients[index]!.clientId;
        for (const operation of new Set(requests.map((each) => each.operation))) {
          const rate = perSecond(requests, operation);
          const bound = bounds[operation]?.[index === 0 ? 0 : 1] ?? 0;
          assert.ok(rate <= bound, `${who}: ${rate} ${operation} a second, more than ${bound}`);
        }
        assert.ok(perSecond(requests, "GetRecords") >= 2, `${who} reads too seldom to be alive`);
      }
      assert.deepEqual(fleet.events("shard-lost"), []);
    });
  });

  it("waits between its attempts while nothing can be reached", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const { network } = await fleet.join();
      await fleet.put(20);
      await fleet.allCollected();
      network.cut("refused");
      const before = network.count();
      await clock.sleep(OUTAGE_MS);
      const perSecond = (network.count() - before) / (OUTAGE_MS / 1000);
      network.mend();
      assert.ok(perSecond <= 80, `${perSecond} requests a second against a dead network`);
      assert.ok(perSecond >= 1, "it has given up");
    });
  });

  it("leaves no timer after stop()", ON_NODE, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      const before = timerCount();
      const clients = [await fleet.join(), await fleet.join()];
      await fleet.put(200);
      await fleet.allCollected();
      assert.ok(timerCount() > before, "this test cannot see timers");
      await Promise.all(clients.map(({ kinsumer }) => kinsumer.stop()));
      for (const { network } of clients) assert.equal(network.inFlightCount, 0);
      await eventually("no timer is left", () => timerCount() <= before, 500);
    });
  });

  it("lets the process end after stop()", ON_NODE, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      await fleet.put(20);
      const options = {
        ...environment.clientOptions(),
        ...FAST_OPTIONS,
        streamName: fleet.streamName,
        applicationName: fleet.applicationName,
      };
      const program = `
        const { Kinsumer } = await import(${JSON.stringify(new URL("../mod.ts", import.meta.url))});
        const kinsumer = new Kinsumer(${JSON.stringify(options)});
        await kinsumer.run();
        let count = 0;
        for await (const record of kinsumer) if (++count === 20) kinsumer.stop();
        await kinsumer.stop();
        const stoppedAtMs = performance.now();
        process.on("exit", () => console.log(count, performance.now() - stoppedAtMs));
      `;
      const cwd = fileURLToPath(new URL("..", import.meta.url));
      const args = ["--import", "tsx", "--input-type=module", "--eval", program];
      const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
      let output = "";
      child.stdout.on("data", (chunk) => output += chunk);
      const killing = new AbortController();
      const giveUp = clock.sleep(20_000, killing.signal).then(() => child.kill("SIGKILL"));
      const code = await new Promise((resolve) => child.on("close", resolve));
      killing.abort();
      await giveUp;
      const [count, lingeredMs] = output.trim().split(" ").map(Number);
      assert.deepEqual([code, count], [0, 20], "the process did not end by itself");
      assert.ok(lingeredMs! < 1_000, `it lived on for ${lingeredMs} ms`);
    });
  });
});
