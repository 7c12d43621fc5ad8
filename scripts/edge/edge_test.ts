/**
 * Contract: `runOnce()` works where isolates live for one request: on workerd, without any module of
 * a runtime, within 50 requests, several at once, and the next run goes on where one ended.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { RunOnceOptions, RunOnceResult } from "../../mod.ts";
import { openTestEnvironment, type TestEnvironment } from "../../testing/environment.ts";
import { FAST_OPTIONS, Fleet } from "../../testing/fleet.ts";
import { hasWorkerd, type ServedWorker, serveWorker } from "./workerd.ts";

const LIMIT = { timeout: 60_000 };
const skip = hasWorkerd() ? false : "workerd is not installed: npm run setup";

interface EdgeAnswer {
  readonly error?: string;
  readonly result: RunOnceResult;
  readonly records: readonly { readonly shardId: string; readonly sequenceNumber: string }[];
}

let environment: TestEnvironment;
let worker: ServedWorker;

async function invoke(fleet: Fleet, run: RunOnceOptions): Promise<EdgeAnswer> {
  const { streamName, applicationName } = fleet;
  const { runtime: _, ...local } = environment.clientOptions() as Record<string, unknown>;
  const options = {
    ...local,
    ...FAST_OPTIONS,
    commitIntervalMs: 5_000,
    streamName,
    applicationName,
  };
  const body = JSON.stringify({ options, run });
  const response = await fetch(worker.url, { method: "POST", body });
  const answer = await response.json() as EdgeAnswer;
  assert.equal(answer.error, undefined);
  return answer;
}

/** Every record that was put came once, and no other. */
function assertExactlyOnce(fleet: Fleet, answers: readonly EdgeAnswer[]): void {
  const seen = answers.flatMap(({ records }) => records.map((each) => each.sequenceNumber));
  assert.deepEqual(seen.sort(), fleet.putResults.map((each) => each.sequenceNumber).sort());
}

describe("a worker on workerd", () => {
  before(async () => {
    environment = await openTestEnvironment();
    if (skip === false) worker = await serveWorker();
  }, LIMIT);
  after(async () => {
    await worker?.stop();
    await environment.cleanUp();
  });

  it("runs once, and again", { ...LIMIT, skip }, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      await fleet.put(200);
      const first = await invoke(fleet, { budgetMs: 20_000, maxRequests: 50 });
      assert.equal(first.result.reason, "caughtUp");
      assert.ok(first.result.requests <= 50, `${first.result.requests} requests`);
      await fleet.put(100);
      const second = await invoke(fleet, { budgetMs: 20_000, maxRequests: 50 });
      assertExactlyOnce(fleet, [first, second]);
      await fleet.put(1);
      assertExactlyOnce(fleet, [first, second, await invoke(fleet, { budgetMs: 20_000 })]);
      assert.deepEqual(await fleet.rows("clients"), []);
    });
  });

  it("shares the shards with others that run at the same time", { ...LIMIT, skip }, async () => {
    await Fleet.with(environment, { shardCount: 6 }, async (fleet) => {
      await fleet.put(300);
      const runs = [1, 2, 3].map(() => invoke(fleet, { budgetMs: 20_000 }));
      const answers = await Promise.all(runs);
      assertExactlyOnce(fleet, [...answers, await invoke(fleet, { budgetMs: 20_000 })]);
    });
  });

  it("leaves in order where it may make no more requests", { ...LIMIT, skip }, async () => {
    await Fleet.with(environment, { shardCount: 12 }, async (fleet) => {
      await fleet.put(120);
      const answers: EdgeAnswer[] = [];
      for (let runs = 0; runs < 10 && answers.at(-1)?.result.isCaughtUp !== true; runs++) {
        answers.push(await invoke(fleet, { budgetMs: 20_000, maxRequests: 40 }));
        const { isClean, requests } = answers.at(-1)!.result;
        assert.ok(requests <= 40 && isClean, `${requests} requests, clean: ${isClean}`);
      }
      assert.ok(answers.length > 1, "there was no need to stop");
      assertExactlyOnce(fleet, answers);
    });
  });
});
