// A name is internal only if nobody outside can know it, by whatever way.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT } from "../runtimes.mjs";
import { findInternalNames } from "./internal_names.mjs";

const LIMIT = { timeout: 60_000 };

const SOURCES = {
  "apart.ts": `
    export interface Kept { readonly onlySpelledApart: number; }
    export const KEYS = ["onlySpelledApart", "keptAside"];
  `,
  "door.ts": `
    import type { Kept } from "./apart.ts";
    import { Core } from "./core.ts";
    export interface Shown { readonly shown: Deeper; }
    interface Deeper { readonly deeper: string; }
    export interface Chosen extends Pick<Core, "chosen"> {}
    export type Mapped = Pick<Core, "mapped">;
    export function open(given: { readonly given: string }): { answered: Shown } {
      return new Core().opened(given);
    }
  `,
  "core.ts": `
    declare const Host: { readonly ofTheHost: string };
    const TABLE = { spelled: 1, listed: 2 };
    export class Core {
      chosen = 1;
      mapped = 2;
      ofAnything = 3;
      concealed = { alsoHidden: Host.ofTheHost, length: 1, Capital: 1 };
      opened(given: { readonly given: string }) {
        const { ofAnything } = JSON.parse(given.given);
        const cast = globalThis as unknown as { readonly castInto: { readonly further: string } };
        const typed: { readonly parsed: number } = JSON.parse("{}");
        for (const key of Object.keys({ counted: 1 })) console.log(key);
        console.log(JSON.stringify(this.made()), "listed others");
        const spelled: keyof typeof TABLE = "spelled";
        const host = globalThis as { readonly castFrom?: string };
        console.log(cast.castInto.further, typed.parsed, ofAnything, TABLE[spelled], host.castFrom);
        console.log(this.concealed.alsoHidden);
        this.sent(this.keptAside);
        return { answered: { shown: { deeper: "" } } };
      }
      namedInTypes(kept: Pick<Core, "keptAside">) {
        return kept.keptAside;
      }
      keptAside = { headers: { heldKey: "" }, keys: () => ({ returnedKey: "" }) };
      sent(kept: {
        readonly headers: Record<string, string>;
        readonly keys: () => Readonly<Record<string, string>>;
      }) {
        return { ...kept, headers: { ...kept.headers, addedKey: "" } } as const satisfies typeof kept;
      }
      made() {
        return { written: { within: 1 } };
      }
    }
  `,
};

describe("findInternalNames()", () => {
  /** @type {string} */
  let folder;
  /** @type {ReadonlySet<string>} */
  let names;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "kinsumer-shrink-"));
    mkdirSync(join(folder, "src"));
    for (const [name, code] of Object.entries(SOURCES)) {
      writeFileSync(join(folder, "src", name), code);
    }
    const settings = {
      extends: join(ROOT, "tsconfig.core.json"),
      files: ["src/door.ts"],
      include: [],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
    const doors = [join(folder, "src", "door.ts")];
    const bundled = new Set([...doors, join(folder, "src", "core.ts")]);
    const config = join(folder, "tsconfig.json");
    names = findInternalNames({ folder: join(folder, "src"), doors, config, bundled });
  }, LIMIT);
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("finds what only the sources know", () => {
    assert.deepEqual([...names].sort(), [
      "alsoHidden",
      "concealed",
      "keptAside",
      "made",
      "namedInTypes",
      "onlySpelledApart",
      "opened",
      "sent",
    ]);
  });

  /** @type {Readonly<Record<string, readonly string[]>>} */
  const left = {
    "what a door shows, however deep": ["shown", "deeper", "given", "answered"],
    "what a door picks of something": ["chosen", "mapped"],
    "what a library calls so too": ["length"],
    "what is written to a service": ["Capital"],
    "what a string spells": ["spelled", "listed"],
    "what is of the host, or cast": ["ofTheHost", "castInto", "further", "castFrom"],
    "what comes of anything": ["ofAnything", "parsed"],
    "what becomes a key": ["heldKey", "returnedKey", "addedKey"],
    "what is given to who takes anything": ["counted", "written", "within"],
  };
  for (const [what, kept] of Object.entries(left)) {
    it(`leaves ${what} alone`, () => assert.deepEqual(kept.filter((name) => names.has(name)), []));
  }
});
