/**
 * Makes the pictures of `kinsumer status` and `kinsumer top` for the README: from a real fleet on
 * local servers, in a real terminal.
 *
 *     npm run screenshots
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Kinsumer } from "../../mod.ts";
import { openStreams, startEmbeddedServers } from "../../testing/mod.ts";
import { lacksTerminal, runInTerminal } from "../cli/run_cli.ts";
import { ROOT } from "../runtimes.mjs";
import { lastFrame, linesOf, toSvg } from "./svg.ts";

const NAMES = { streamName: "orders", applicationName: "billing" };
const FLEET = ["--stream", NAMES.streamName, "--application", NAMES.applicationName];
const SIZE = { columns: 96, rows: 34 };
const LOOKS = 24;
/** How long each client takes for a record: the last one is too slow. */
const WORK_MS = { "web-1": 1, "web-2": 1, "web-3": 60 };
const PUT_INTERVAL_MS = 200;
const RECORDS_EACH = 16;

async function main(): Promise<void> {
  const reason = lacksTerminal();
  if (reason !== false) throw new Error(reason);
  const { stop: stopServers, ...local } = await startEmbeddedServers();
  const streams = openStreams(local);
  await streams.create(NAMES.streamName, { shardCount: 6 });
  const clients = Object.entries(WORK_MS).map(([clientName, workMs]) => {
    const clientId = `${clientName}-id`;
    const kinsumer = new Kinsumer({ ...local, ...NAMES, clientName, clientId });
    return { kinsumer, workMs };
  });
  for (const { kinsumer, workMs } of clients) {
    await kinsumer.createRequiredTables();
    await kinsumer.run();
    void consume(kinsumer, workMs);
  }
  let made = 0;
  const producing = setInterval(() => {
    const records = Array.from({ length: RECORDS_EACH }, () => ({
      partitionKey: `customer ${made++}`,
      data: JSON.stringify({ order: made }),
    }));
    void streams.put(NAMES.streamName, records).catch(() => {});
  }, PUT_INTERVAL_MS);
  await sleep(3_000);
  await streams.split(NAMES.streamName, "shardId-000000000002");
  await sleep(15_000);

  const env = {
    KINSUMER_KINESIS_ENDPOINT: local.kinesisEndpoint,
    KINSUMER_DYNAMODB_ENDPOINT: local.dynamodbEndpoint,
  };
  const status = await runInTerminal(["status", ...FLEET], { env, ...SIZE }).ended;
  write("status", linesOf(status.stdout), ["status", ...FLEET]);
  const args = ["top", ...FLEET, "--interval", "1", "--sort", "lag"];
  const top = runInTerminal(args, { env, ...SIZE });
  while (top.output().split("PACE").length <= LOOKS) await sleep(100);
  top.type("q");
  write("top", lastFrame((await top.ended).stdout), args);

  clearInterval(producing);
  await Promise.all(clients.map(({ kinsumer }) => kinsumer.stop({ deadlineMs: 2_000 })));
  await stopServers();
}

async function consume(kinsumer: Kinsumer, workMs: number): Promise<void> {
  for await (const _ of kinsumer) await sleep(workMs);
}

function write(name: string, lines: readonly string[], args: readonly string[]): void {
  const folder = join(ROOT, "docs", "images");
  mkdirSync(folder, { recursive: true });
  const title = `$ kinsumer ${args.join(" ")}`;
  writeFileSync(join(folder, `${name}.svg`), toSvg(lines, { title, columns: SIZE.columns }));
  process.stdout.write(`docs/images/${name}.svg\n`);
}

await main();
