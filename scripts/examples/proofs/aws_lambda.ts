/**
 * The function bills every order once over several calls, ends in time where there is more to do
 * than it can, and is configured to do what it needs and no more.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunOnceResult } from "../../../mod.ts";
import { type Inbox, openInbox } from "./http.ts";
import type { Program } from "./program.ts";
import type { Scene } from "./scene.ts";

/** What a platform does: loads the module once, calls the handler for each event, with its deadline. */
const HOST = `import process from "node:process";
import { createInterface } from "node:readline";
const { handler } = await import("./handler.ts");
for await (const line of createInterface({ input: process.stdin })) {
  const { id, timeoutMs } = JSON.parse(line);
  const untilMs = Date.now() + timeoutMs;
  const event = { source: "aws.events", "detail-type": "Scheduled Event", detail: {} };
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => untilMs - Date.now() };
  const result = await handler(event, context);
  console.log("answer " + JSON.stringify({ ...result, id, leftMs: untilMs - Date.now() }));
}
`;

/** How long billing takes to answer: one order after the other, so that a call cannot do all. */
const BILLING_MS = 20;
const SHORT_MS = 6_000;
const LONG_MS = 30_000;

type Answer = RunOnceResult & { readonly leftMs: number };

/** Proves the example; returns what was seen. */
export async function proveAwsLambda(scene: Scene): Promise<string> {
  assertPolicy(scene);
  const billing = await openInbox(BILLING_MS);
  try {
    await scene.createStream(2);
    await scene.kinsumer("tables", "create", "--application", "billing");
    await scene.put(400); // eight seconds' work
    writeFileSync(join(scene.folder, "host.ts"), HOST);
    const host = scene.startNode("host.ts", { BILLING_URL: billing.url });
    const first = await call(host, { id: "first", timeoutMs: SHORT_MS });
    assert.equal(first.reason, "budget");
    assert.ok(first.leftMs > 0, `it ended ${-first.leftMs} ms too late`);
    const second = await call(host, { id: "second", timeoutMs: LONG_MS });
    assert.equal(second.reason, "caughtUp");
    await scene.put(10);
    const third = await call(host, { id: "third", timeoutMs: LONG_MS });
    assert.deepEqual([third.reason, third.records], ["caughtUp", 10]);
    assertOnce(billing, 410);
    await scene.assertDone("billing");
    const counts = [first, second, third].map(({ records }) => records).join(" + ");
    return `${counts} orders in three calls, the first by its budget with ${first.leftMs} ms left`;
  } finally {
    await billing.close();
  }
}

async function call(
  host: Program,
  event: { readonly id: string; readonly timeoutMs: number },
): Promise<Answer> {
  host.send(JSON.stringify(event));
  const [, answer = ""] = await host.printed(new RegExp(`^answer (.*"id":"${event.id}".*)$`, "m"));
  return JSON.parse(answer) as Answer;
}

/** Checks that billing got so many orders, each once. */
export function assertOnce({ posted }: Inbox, count: number): void {
  const keys = posted.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(keys.length, count);
  assert.equal(new Set(keys).size, count, "an order came twice");
  assert.ok(
    posted.every(({ body }) => body.includes('"customer"')),
    "an order is not as it was put",
  );
}

/** The function may do what the policy of docs/aws.md says. */
function assertPolicy(scene: Scene): void {
  const template = readFileSync(join(scene.folder, "template.yaml"), "utf8");
  const actions = [...template.matchAll(/^ +- ((?:kinesis|dynamodb):\w+)$/gm)].map(([, name]) =>
    name
  );
  const guide = readFileSync(new URL("../../../docs/aws.md", import.meta.url), "utf8");
  const [, policy = ""] = /```json\n(\{\s+"Version"[^`]+)```/.exec(guide) ?? [];
  const { Statement } = JSON.parse(policy) as { Statement: { Action: string[] }[] };
  const wanted = Statement.slice(0, 2).flatMap(({ Action }) => Action);
  assert.deepEqual(actions.sort(), wanted.sort(), "the function's policy");
}
