/**
 * One client of the chaos run: consumes until it is told to stop, and notes every record in the
 * journal before it asks for the next, with how long it had held it.
 *
 * SIGTERM stops it cleanly; so does the end of its standard input, which comes at the latest when
 * the parent is gone, however it ended.
 *
 * @module
 */

import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Kinsumer, KinsumerError, type KinsumerEvent } from "../../mod.ts";
import { type JournalNote, JournalWriter } from "../demo/journal.ts";
import { type ClientSettings, PACE, STOP_DEADLINE_MS } from "./client_settings.ts";
import { PAUSE_MS, pausedNote } from "./pauses.ts";

/** When the parent is gone, so are its servers: there is nothing left to write to. */
const ORPHAN_DEADLINE_MS = 500;
const LAST_RESORT_MS = 2_000;
const START_DELAY_MS = 300;
const TICK_MS = 100;

async function main(settings: ClientSettings): Promise<void> {
  const { name, journalPath, workMs, ...options } = settings;
  const journal = new JournalWriter(journalPath, name);
  let handedOverAtMs = 0; // one loop, one record in hand
  const kinsumer = new Kinsumer({
    ...options,
    ...PACE,
    clientName: name,
    tableWaiterDelayMs: 50,
    onEvent: (event) => {
      const note = noteOf(event);
      if (note !== undefined) journal.append(note);
    },
    statsReceiver: {
      checkpoint: () => {},
      eventsFromKinesis: () => {},
      eventToClient: () => {
        handedOverAtMs = performance.now();
      },
    },
  });
  listen(kinsumer);
  watchPauses(journal);
  if (!await start(kinsumer)) return await kinsumer.stop();
  for await (const { shardId, sequenceNumber, data } of kinsumer) {
    if (workMs > 0) await sleep(Math.random() * workMs);
    const heldMs = Math.round(performance.now() - handedOverAtMs);
    const note = { kind: "processed", shardId, sequenceNumber, index: readIndex(data), heldMs };
    journal.append(note as JournalNote);
  }
  await kinsumer.stop();
}

/** As a platform would, it starts again when the services do not answer; false when stopped. */
async function start(kinsumer: Kinsumer): Promise<boolean> {
  for (;;) {
    try {
      await kinsumer.createRequiredTables();
      await kinsumer.run();
      return true;
    } catch (error) {
      if (!(error instanceof KinsumerError)) throw error;
      if (["NotRunning", "AlreadyRunning"].includes(error.code)) return false;
      await sleep(START_DELAY_MS);
    }
  }
}

function readIndex(data: Uint8Array): number {
  const { index } = JSON.parse(new TextDecoder().decode(data)) as { readonly index: number };
  return index;
}

function listen(kinsumer: Kinsumer): void {
  const stop = (deadlineMs: number): void => {
    setTimeout(() => process.exit(1), deadlineMs + LAST_RESORT_MS).unref();
    // It may still be making tables, which no stop ends: its process does.
    void kinsumer.stop({ deadlineMs }).then(() => setTimeout(() => process.exit(0), 100));
  };
  process.on("SIGTERM", () => stop(STOP_DEADLINE_MS));
  process.on("SIGINT", () => {}); // Ctrl-C is the parent's affair
  process.stdin.on("end", () => stop(ORPHAN_DEADLINE_MS));
  process.stdin.on("error", () => stop(ORPHAN_DEADLINE_MS));
  process.stdin.resume();
}

/** Notes when this process did not run although it should have: that explains a lost lease. */
function watchPauses(journal: JournalWriter): void {
  let lastAtMs = performance.now();
  setInterval(() => {
    const nowMs = performance.now();
    const pausedMs = Math.round(nowMs - lastAtMs - TICK_MS);
    lastAtMs = nowMs;
    if (pausedMs >= PAUSE_MS) journal.append(pausedNote(pausedMs));
  }, TICK_MS);
}

function noteOf(event: KinsumerEvent): JournalNote | undefined {
  switch (event.type) {
    case "started":
      return { kind: "started" };
    case "stopped":
      return { kind: "stopped", isClean: event.isClean };
    case "leader-won":
      return { kind: "leading" };
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
      return sequenceNumber === undefined
        ? undefined
        : { kind: "checkpointed", shardId, sequenceNumber };
    }
    case "rebalanced":
      return { kind: "rebalanced", moveCount: event.moveCount };
    case "failed":
      return { kind: "noted", text: `failed: ${String(event.error)}` };
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
