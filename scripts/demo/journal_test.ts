// A line of the journal is there as soon as append() returned, in the order of the calls, whichever
// process made them; a line that was cut off is none.

import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type JournalEntry, JournalReader, JournalWriter, parseEntry } from "./journal.ts";

describe("JournalReader", () => {
  let folder: string;
  let path: string;
  let reader: JournalReader;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kinsumer-journal-"));
    path = join(folder, "journal.jsonl");
    reader = new JournalReader(path);
  });

  afterEach(() => {
    reader.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("reads what several writers appended, in the order in which they did", () => {
    const [a, b] = [new JournalWriter(path, "A"), new JournalWriter(path, "B")];
    a.append({ kind: "captured", shardId: "s0" });
    b.append({ kind: "captured", shardId: "s1" });
    a.append({ kind: "stopped", isClean: true });
    assert.deepEqual(reader.read().map(inWords), ["A captured", "B captured", "A stopped"]);
    a.close();
    b.close();
  });

  it("reads only what is new, and the last line at once", () => {
    const writer = new JournalWriter(path, "A");
    assert.deepEqual(reader.read(), []);
    writer.append({ kind: "started" });
    assert.deepEqual(reader.read().map(inWords), ["A started"]);
    assert.deepEqual(reader.read(), []);
    writer.append({ kind: "leading" });
    assert.deepEqual(reader.read().map(inWords), ["A leading"]);
    writer.close();
  });

  it("skips a line that a kill cut off, and reads the next writer's", () => {
    appendFileSync(path, '\n{"kind":"processed","client":"A","sequ');
    assert.deepEqual(reader.read(), []);
    const writer = new JournalWriter(path, "B");
    writer.append({ kind: "started" });
    assert.deepEqual(reader.read().map(inWords), ["B started"]);
    writer.close();
  });

  it("joins a line that was read in two parts", () => {
    appendFileSync(path, '\n{"kind":"started","cli');
    assert.deepEqual(reader.read(), []);
    appendFileSync(path, 'ent":"Ä","atMs":1}');
    assert.deepEqual(reader.read().map(inWords), ["Ä started"]);
  });

  it("reads more than fits into one piece", () => {
    const writer = new JournalWriter(path, "A");
    const text = "x".repeat(1000);
    for (let count = 0; count < 2_500; count++) writer.append({ kind: "noted", text });
    assert.equal(reader.read().length, 2_500);
    writer.close();
  });
});

describe("parseEntry()", () => {
  it("takes no prefix of a line for a line", () => {
    const line = '{"kind":"processed","client":"A","atMs":1,"shardId":"s0","index":12}';
    for (let length = 0; length < line.length; length++) {
      assert.equal(parseEntry(line.slice(0, length)), undefined);
    }
    assert.equal(parseEntry(line)?.kind, "processed");
  });
});

function inWords({ client, kind }: JournalEntry): string {
  return `${client} ${kind}`;
}
