/**
 * What the programs of the demo's and of the chaos run's clients share: they stop when they are
 * told to or when their parent is gone, read the producer's index, and note what happens.
 *
 * @module
 */

import process from "node:process";
import type { KinsumerEvent } from "../../mod.ts";
import type { ClientSettings } from "./client_settings.ts";
import type { JournalNote } from "./journal.ts";

/** When the parent is gone, so are its servers: there is nothing left to write to. */
const ORPHAN_DEADLINE_MS = 500;
/** When even `stop()` should not come back. */
const LAST_RESORT_MS = 2_000;

/** Runs a client whose settings stand on the command line; ends the process. */
export async function runClient<Settings extends ClientSettings>(
  main: (settings: Settings) => Promise<void>,
): Promise<void> {
  try {
    await main(JSON.parse(process.argv[2] ?? "{}") as Settings);
    process.exit(0); // standard input would hold the process
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  }
}

/** Calls back when the client is to stop: at SIGTERM, and at the end of standard input. */
export function onStop(stopDeadlineMs: number, stop: (deadlineMs: number) => void): void {
  const stopWithin = (deadlineMs: number): void => {
    setTimeout(() => process.exit(1), deadlineMs + LAST_RESORT_MS).unref();
    stop(deadlineMs);
  };
  // On Windows the parent asks by ending standard input, because a SIGTERM is a kill there.
  const endDeadlineMs = process.platform === "win32" ? stopDeadlineMs : ORPHAN_DEADLINE_MS;
  process.on("SIGTERM", () => stopWithin(stopDeadlineMs));
  process.on("SIGINT", () => {}); // Ctrl-C is the parent's affair
  process.stdin.on("end", () => stopWithin(endDeadlineMs));
  process.stdin.on("error", () => stopWithin(endDeadlineMs));
  process.stdin.resume();
}

/** The number that the producer wrote into a record. */
export function readIndex(data: Uint8Array): number {
  const { index } = JSON.parse(new TextDecoder().decode(data)) as { readonly index: number };
  return index;
}

/** An event as a line of the journal, if it is worth one. */
export function noteOf(event: KinsumerEvent): JournalNote | undefined {
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
        ? { kind: "noted", text: `${event.otherClientId} is taken for dead` }
        : undefined;
    case "failed":
      return { kind: "noted", text: `failed: ${String(event.error)}` };
    case "retried":
      return { kind: "noted", text: `retries ${event.operation}: ${event.error.code}` };
    default:
      return undefined;
  }
}
