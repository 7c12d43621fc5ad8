/**
 * One client of the demo: consumes until it is told to stop, and notes every record in the journal
 * before it asks for the next.
 *
 * SIGTERM stops it cleanly; so does the end of its standard input, which comes at the latest when
 * the parent is gone, however it ended.
 *
 * @module
 */

import process from "node:process";
import { Kinsumer, type KinsumerEvent } from "../../mod.ts";
import { type ClientSettings, PACE } from "./client_settings.ts";
import { type JournalNote, JournalWriter } from "./journal.ts";

const STOP_DEADLINE_MS = 5_000;
/** When the parent is gone, so are its servers: there is nothing left to write to. */
const ORPHAN_DEADLINE_MS = 500;
/** When even `stop()` should not come back. */
const LAST_RESORT_MS = 2_000;

async function main(settings: ClientSettings): Promise<void> {
  const { name, journalPath, ...options } = settings;
  const journal = new JournalWriter(journalPath, name);
  const kinsumer = new Kinsumer({
    ...options,
    ...PACE,
    clientId: `client-${name}`,
    clientName: name,
    tableWaiterDelayMs: 50,
    onEvent: (event) => {
      const note = noteOf(event);
      if (note !== undefined) journal.append(note);
    },
  });
  listen((deadlineMs) => {
    setTimeout(() => process.exit(1), deadlineMs + LAST_RESORT_MS).unref();
    void kinsumer.stop({ deadlineMs });
  });
  await kinsumer.createRequiredTables();
  await kinsumer.run();
  for await (const { shardId, sequenceNumber, data } of kinsumer) {
    const index = readIndex(data);
    journal.append({ kind: "processed", shardId, sequenceNumber, index });
  }
  await kinsumer.stop();
  journal.close();
}

function readIndex(data: Uint8Array): number {
  const { index } = JSON.parse(new TextDecoder().decode(data)) as { readonly index: number };
  return index;
}

function listen(stop: (deadlineMs: number) => void): void {
  // On Windows the parent asks by ending standard input, because a SIGTERM is a kill there.
  const endDeadlineMs = process.platform === "win32" ? STOP_DEADLINE_MS : ORPHAN_DEADLINE_MS;
  process.on("SIGTERM", () => stop(STOP_DEADLINE_MS));
  process.on("SIGINT", () => {}); // Ctrl-C is the parent's affair
  process.stdin.on("end", () => stop(endDeadlineMs));
  process.stdin.on("error", () => stop(endDeadlineMs));
  process.stdin.resume();
}

function noteOf(event: KinsumerEvent): JournalNote | undefined {
  switch (event.type) {
    case "started":
      return { kind: "started" };
    case "stopped":
      return { kind: "stopped", isClean: event.isClean };
    case "leader-won":
      return { kind: "leading" };
    case "rebalanced":
      return { kind: "rebalanced", moveCount: event.moveCount };
    case "shard-captured":
      return { kind: "captured", shardId: event.shardId };
    case "shard-released":
      return { kind: "let-go", shardId: event.shardId, how: "released" };
    case "shard-finished":
      return { kind: "let-go", shardId: event.shardId, how: "finished" };
    case "shard-lost":
      return { kind: "let-go", shardId: event.shardId, how: "lost" };
    case "checkpointed": {
      const { shardId, sequenceNumber } = event;
      return sequenceNumber && { kind: "checkpointed", shardId, sequenceNumber } || undefined;
    }
    default:
      return wordsOf(event);
  }
}

function wordsOf(event: KinsumerEvent): JournalNote | undefined {
  switch (event.type) {
    case "client-left":
      return event.reason === "dead"
        ? { kind: "noted", text: `${event.clientId} is taken for dead` }
        : undefined;
    case "failed":
      return { kind: "noted", text: `failed: ${String(event.error)}` };
    case "retried":
      return { kind: "noted", text: `retries ${event.operation}: ${event.error.code}` };
    default:
      return undefined;
  }
}

try {
  await main(JSON.parse(process.argv[2] ?? "{}") as ClientSettings);
  process.exit(0); // standard input would hold the process
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
