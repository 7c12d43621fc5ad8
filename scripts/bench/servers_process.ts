/**
 * The process of the canned servers: prints where they listen as one JSON line, answers `counts`
 * and `reset` on its control port, and ends when its standard input does.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { CannedKinesis, type KinesisCounts, type TlsIdentity } from "./canned_kinesis.ts";
import type { TableCounts } from "./canned_tables.ts";
import { startTables } from "./tables_thread.ts";

/** Where the servers listen. */
export interface Endpoints {
  readonly kinesis: string;
  /** Over TLS; absent where there is no certificate. */
  readonly kinesisTls?: string | undefined;
  readonly tables: string;
  /** Every request of DynamoDB, for peers. */
  readonly dynalite: string;
  readonly control: string;
}

/** What the servers counted and cost since the last reset. */
export interface ServerCounts {
  readonly kinesis: KinesisCounts;
  readonly tables: TableCounts;
  /** CPU time of the servers' process and the time that passed, in milliseconds. */
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

const kinesis = new CannedKinesis();
const tables = await startTables();
let cpu = process.cpuUsage();
let sinceMs = performance.now();

async function take(question: "counts" | "reset"): Promise<ServerCounts> {
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000;
  const counted = {
    kinesis: kinesis.counts,
    tables: await tables.ask(question),
    cpuMs,
    elapsedMs: performance.now() - sinceMs,
  };
  if (question === "reset") reset();
  return counted;
}

function reset(): void {
  kinesis.counts = { reads: 0, connections: 0, lastReads: {} };
  cpu = process.cpuUsage();
  sinceMs = performance.now();
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", 4096, () => resolve((server.address() as AddressInfo).port));
  });
}

const control = createServer((request, response) => {
  void take(request.url === "/reset" ? "reset" : "counts").then((counted) => {
    response.end(JSON.stringify(counted));
  });
});
const tls = process.argv[2] === undefined
  ? undefined
  : JSON.parse(process.argv[2]) as TlsIdentity | null;
const require = createRequire(import.meta.url);
const dynalite = require("dynalite") as (options: unknown) => Server;
const endpoints: Endpoints = {
  kinesis: `http://127.0.0.1:${await listen(kinesis.createServer())}`,
  kinesisTls: tls ? `https://127.0.0.1:${await listen(kinesis.createServer(tls))}` : undefined,
  tables: `http://127.0.0.1:${tables.port}`,
  dynalite: `http://127.0.0.1:${await listen(dynalite({ createTableMs: 5 }))}`,
  control: `http://127.0.0.1:${await listen(control)}`,
};
process.stdout.write(`${JSON.stringify(endpoints)}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
