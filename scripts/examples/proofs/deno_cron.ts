/**
 * The program on Deno bills once a run what arrived since the last, with the permissions that its
 * task names and no other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { denoPath, ROOT } from "../../runtimes.mjs";
import type { Program } from "./program.ts";
import { assertBilledOnce, type Scene } from "./scene.ts";

/** Proves the example; returns what was seen. */
export async function proveDenoCron(scene: Scene): Promise<string> {
  await scene.createStream(2);
  await scene.kinsumer("tables", "create", "--application", "billing");
  const task = permissionsOf(scene);
  await scene.start([denoPath(), "check", "--unstable-cron", "once.ts", "cron.ts"]).success();
  const outputs: string[] = [];
  const orders = [];
  for (const count of [30, 20]) {
    orders.push(...await scene.put(count));
    const once = run(scene, ...task, "once.ts");
    await once.success();
    assert.match(once.output, new RegExp(`^caughtUp after ${count} orders$`, "m"));
    outputs.push(once.output);
  }
  assertBilledOnce(outputs.join(""), orders);
  await scene.assertDone("billing");
  await assertNeeded(scene, task);
  await assertCronWaits(scene, task);
  return "30 and 20 orders in two runs, with the task's permissions and no less";
}

/** The flags of the task in deno.json, with the local servers in place of AWS. */
function permissionsOf(scene: Scene): readonly string[] {
  const path = join(scene.folder, "deno.json");
  const config = JSON.parse(readFileSync(path, "utf8")) as { tasks: { once: string } };
  // What is not published yet comes from the checkout, under the name that it will have.
  const local = { links: [ROOT], nodeModulesDir: "manual", lock: false };
  writeFileSync(path, JSON.stringify({ ...config, ...local }));
  const { kinesisEndpoint, dynamodbEndpoint } = scene.local;
  const task = config.tasks.once
    .replace("kinesis.eu-west-1.amazonaws.com", new URL(kinesisEndpoint).host)
    .replace("dynamodb.eu-west-1.amazonaws.com", new URL(dynamodbEndpoint).host);
  return task.split(" ").filter((each) => each.startsWith("--"));
}

function run(scene: Scene, ...args: readonly string[]): Program {
  return scene.start([denoPath(), "run", "--no-prompt", ...args]);
}

/** Without one of the hosts it must fail, or the permissions would say nothing. */
async function assertNeeded(scene: Scene, task: readonly string[]): Promise<void> {
  const less = task.map((flag) => flag.replace(/^(--allow-net=[^,]+),.*/, "$1"));
  const once = run(scene, ...less, "once.ts");
  await once.failure();
  assert.match(once.output, /Requires net access/);
}

/** `Deno.cron` begins no earlier than the next minute: that it was taken is all there is to see. */
async function assertCronWaits(scene: Scene, task: readonly string[]): Promise<void> {
  const cron = run(scene, "--unstable-cron", ...task, "cron.ts");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await cron.kill();
  assert.doesNotMatch(cron.output, /error/i);
}
