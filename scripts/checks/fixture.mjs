/**
 * Lays out files in a temporary folder, for the tests of the checkers.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * @param {Readonly<Record<string, string | object>>} files texts, or documents to write as JSON, by path
 * @param {(root: string) => T} use
 * @returns {T} what `use` returns; the folder is gone then
 * @template T
 */
export function withFiles(files, use) {
  const root = mkdtempSync(join(tmpdir(), "kinsumer-fixture-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(
      join(root, path),
      typeof content === "string" ? content : JSON.stringify(content),
    );
  }
  const remove = () => rmSync(root, { recursive: true, force: true });
  /** @type {T | undefined} */
  let result;
  try {
    return result = use(root);
  } finally {
    if (result instanceof Promise) result.then(remove, remove);
    else remove();
  }
}
