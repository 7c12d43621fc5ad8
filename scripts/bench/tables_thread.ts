/**
 * The thread of the canned tables: what keeps the canned stream busy must not delay a heartbeat, whose
 * lateness is measured here. Tells its port, then answers each question with the counts.
 *
 * @module
 */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { CannedTables, type TableCounts } from "./canned_tables.ts";

/** The canned tables, in their thread. */
export interface TablesThread {
  readonly port: number;
  /** What was counted; `reset` counts from here on. */
  ask(question: "counts" | "reset"): Promise<TableCounts>;
  stop(): Promise<void>;
}

/** Starts the thread. */
export async function startTables(): Promise<TablesThread> {
  const worker = new Worker(new URL(import.meta.url));
  worker.unref();
  // It rejects at an "error", and takes both its listeners away again.
  const next = async <Answer>() => (await once(worker, "message"))[0] as Answer;
  const port = await next<number>();
  // One question at a time: answers come in order, and each goes to everybody who waits.
  let asked: Promise<unknown> = Promise.resolve();
  const ask = async (question: string): Promise<TableCounts> => {
    worker.postMessage(question);
    return await next<TableCounts>();
  };
  return {
    port,
    ask: (question) => {
      const answer = asked.then(() => ask(question));
      asked = answer.catch(() => {});
      return answer;
    },
    stop: async () => void await worker.terminate(),
  };
}

if (!isMainThread && parentPort !== null) {
  const tables = new CannedTables();
  const server = tables.createServer();
  const port = parentPort;
  server.listen(
    0,
    "127.0.0.1",
    4096,
    () => port.postMessage((server.address() as AddressInfo).port),
  );
  port.on("message", (question) => {
    port.postMessage(tables.counts);
    if (question === "reset") tables.reset();
  });
}
