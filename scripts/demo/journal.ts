/**
 * Speaks the demo's journal: one file to which every client appends what it processed, before it
 * asks for the next record.
 *
 * A line is in the kernel's hands when `append()` returns, so a SIGKILL right after it loses
 * nothing. All processes append to the same file, so the kernel puts their lines in one order: no
 * clock is needed to tell which of two came first. A line that a SIGKILL cut off is no line: its
 * record was not acknowledged yet.
 *
 * @module
 */

import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** What every line has: who wrote it and when, in wall-clock milliseconds. */
interface Stamp {
  readonly client: string;
  readonly atMs: number;
}

/** A record that the client processed. */
export interface ProcessedEntry extends Stamp {
  readonly kind: "processed";
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** The number that the producer wrote into the record. */
  readonly index: number;
}

/** A line of the journal. */
export type JournalEntry =
  | ProcessedEntry
  | Stamp & { readonly kind: "started" }
  | Stamp & { readonly kind: "stopped"; readonly isClean: boolean }
  /** Written by the parent, when the process is gone. */
  | Stamp & { readonly kind: "killed" }
  | Stamp & { readonly kind: "captured"; readonly shardId: string }
  | Stamp & {
    readonly kind: "let-go";
    readonly shardId: string;
    readonly how: "released" | "finished" | "lost";
  }
  | Stamp & {
    readonly kind: "checkpointed";
    readonly shardId: string;
    readonly sequenceNumber: string;
  }
  | Stamp & { readonly kind: "rebalanced"; readonly moveCount: number }
  | Stamp & { readonly kind: "leading" }
  /** Something that a watcher should know of. */
  | Stamp & { readonly kind: "noted"; readonly text: string };

/** Omits from each member of a union. */
type OmitEach<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

/** A line before it is stamped. */
export type JournalNote = OmitEach<JournalEntry, "client" | "atMs">;

/** Appends one client's lines. */
export class JournalWriter {
  readonly #file: number;
  readonly #client: string;

  constructor(path: string, client: string) {
    this.#file = openSync(path, "a");
    this.#client = client;
  }

  /** @throws {Error} when the line could not be written whole: its record is not processed then */
  append(note: JournalNote): void {
    const line = `\n${JSON.stringify({ ...note, client: this.#client, atMs: Date.now() })}`;
    const bytes = new TextEncoder().encode(line);
    const written = writeSync(this.#file, bytes);
    if (written < bytes.length) throw new Error("Cannot write the journal: a line was cut short");
  }

  close(): void {
    closeSync(this.#file);
  }
}

const CHUNK_BYTES = 1 << 20;

/** Reads the lines that were appended since it was last asked. */
export class JournalReader {
  readonly #file: number;
  readonly #decoder = new TextDecoder();
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #offset = 0;
  #rest = "";

  constructor(path: string) {
    closeSync(openSync(path, "a"));
    this.#file = openSync(path, "r");
  }

  /** The new lines, in the order in which the kernel put them. */
  read(): JournalEntry[] {
    const entries: JournalEntry[] = [];
    for (;;) {
      const length = readSync(this.#file, this.#chunk, 0, CHUNK_BYTES, this.#offset);
      if (length === 0) return entries;
      this.#offset += length;
      const text = this.#decoder.decode(this.#chunk.subarray(0, length), { stream: true });
      entries.push(...this.#take(text));
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #take(text: string): JournalEntry[] {
    const lines = (this.#rest + text).split("\n");
    const last = lines.pop() ?? "";
    const lastEntry = parseEntry(last);
    this.#rest = lastEntry === undefined ? last : "";
    const entries = lines.map(parseEntry);
    return [...entries, lastEntry].filter((entry) => entry !== undefined);
  }
}

/** @returns `undefined` for an empty line and for one that was cut off */
export function parseEntry(line: string): JournalEntry | undefined {
  if (!line.startsWith("{") || !line.endsWith("}")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined; // cut off: no prefix of a JSON object is JSON
  }
}

function isEntry(value: unknown): value is JournalEntry {
  return typeof value === "object" && value !== null && "kind" in value && "client" in value;
}
