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
import { Kinsumer, KinsumerError } from "../../mod.ts";
import { noteOf, onStop, readIndex, runClient } from "../demo/client_program.ts";
import { type JournalNote, JournalWriter } from "../demo/journal.ts";
import { type ClientSettings, PACE, STOP_DEADLINE_MS } from "./client_settings.ts";
import { PAUSE_MS, pausedNote } from "./pauses.ts";

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
  onStop(STOP_DEADLINE_MS, (deadlineMs) => {
    // It may still be making tables, which no stop ends: its process does.
    void kinsumer.stop({ deadlineMs }).then(() => setTimeout(() => process.exit(0), 100));
  });
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

await runClient(main);
