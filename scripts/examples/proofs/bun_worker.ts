/**
 * The service on Bun scores every order in its workers, keeps each once, and ends in order.
 *
 * @module
 */

import assert from "node:assert/strict";
import { bunPath } from "../../runtimes.mjs";
import type { Scene } from "./scene.ts";

const DATABASE = "scores.sqlite";

/** Proves the example; returns what was seen. */
export async function proveBunWorker(scene: Scene): Promise<string> {
  await scene.createStream(2);
  const orders = await scene.put(60);
  const bun = bunPath();
  const service = scene.start([bun, "service.ts"], { DATABASE, PORT: "0" });
  const [, url = ""] = await service.printed(/health: (\S+)/);
  await service.until("scores 60 orders", () => service.count(/ scores \d+$/gm) >= 60);
  const health = await fetch(url);
  assert.equal(health.status, 200);
  assert.match(await health.text(), /"status":"healthy"/);
  await service.stop();
  assert.match(service.output, /^stopped after 60 orders$/m);
  await scene.assertDone("scoring");
  const rows = await query(scene, "SELECT customer, typeof(score) AS type FROM orders");
  const scored = rows.map(({ customer, type }) => `${customer} ${type}`).sort();
  assert.deepEqual(scored, orders.map(({ customer }) => `${customer} integer`).sort());
  return "60 orders scored in two workers, 60 rows in SQLite, health 200";
}

/** Asks the service's database, by Bun's own SQLite. */
async function query(scene: Scene, sql: string): Promise<readonly Record<string, unknown>[]> {
  const program = `import { Database } from "bun:sqlite";
    console.log(JSON.stringify(new Database("${DATABASE}", { readonly: true }).query(\`${sql}\`).all()));`;
  const asked = scene.start([bunPath(), "-e", program]);
  await asked.success();
  return JSON.parse(asked.output) as Record<string, unknown>[];
}
