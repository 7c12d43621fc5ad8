/**
 * One client of the demo: consumes until it is told to stop, and notes every record in the journal
 * before it asks for the next.
 *
 * SIGTERM stops it cleanly; so does the end of its standard input, which comes at the latest when
 * the parent is gone, however it ended.
 *
 * @module
 */

import { Kinsumer } from "../../mod.ts";
import { noteOf, onStop, readIndex, runClient } from "./client_program.ts";
import { type ClientSettings, PACE } from "./client_settings.ts";
import { JournalWriter } from "./journal.ts";

const STOP_DEADLINE_MS = 5_000;

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
  onStop(STOP_DEADLINE_MS, (deadlineMs) => void kinsumer.stop({ deadlineMs }));
  await kinsumer.createRequiredTables();
  await kinsumer.run();
  for await (const { shardId, sequenceNumber, data } of kinsumer) {
    const index = readIndex(data);
    journal.append({ kind: "processed", shardId, sequenceNumber, index });
  }
  await kinsumer.stop();
  journal.close();
}

await runClient(main);
