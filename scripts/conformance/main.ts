/**
 * Looks whether the local servers and the simulation behave as AWS is documented to, and holds the
 * table of docs/local-servers.md to what is observed.
 *
 *     npm run conformance -- [--write] [--only kinesalite,dynalite,kinesis-mock,simulation]
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { compareCells, readCells, renderService } from "../../testing/conformance/table.ts";
import { ROOT } from "../runtimes.mjs";
import { type Findings, NAMES, observe } from "./columns.ts";

const DOCUMENT = join(ROOT, "docs", "local-servers.md");
const BEGIN = "<!-- begin: written by npm run conformance -- --write -->";
const END = "<!-- end -->";

interface Command {
  readonly isWriting: boolean;
  readonly only: readonly string[];
}

/** @throws {TypeError} when the command line cannot be used */
function readCommand(args: readonly string[]): Command {
  const { values } = parseArgs({
    args: [...args],
    options: { write: { type: "boolean", default: false }, only: { type: "string" } },
  });
  const only = values.only?.split(",") ?? NAMES;
  const unknown = only.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new TypeError(`Unknown server "${unknown}": one of ${NAMES}`);
  if (values.write && values.only !== undefined) {
    throw new TypeError("Cannot write a part of the table: --write stands without --only");
  }
  return { isWriting: values.write, only };
}

function render({ services }: Findings): string {
  return services.map(renderService).join("\n");
}

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const { isWriting, only } = readCommand(args);
  const findings = await observe(only);
  const observed = render(findings);
  const document = readFileSync(DOCUMENT, "utf8");
  if (isWriting) {
    writeFileSync(DOCUMENT, withTables(document, observed));
    print("docs/local-servers.md is written");
  }
  return report(findings, readCells(readFileSync(DOCUMENT, "utf8")));
}

function report(findings: Findings, committed: ReturnType<typeof readCells>): number {
  const { services, skipped } = findings;
  const columns = services.flatMap((service) => service.columns.map(({ title }) => title));
  const { same, problems } = compareCells({
    committed,
    observed: readCells(render(findings)),
    columns,
    skipped,
  });
  for (const behaviour of skipped) print(`SKIPPED ${behaviour}: it might end a server of others`);
  for (const problem of problems) print(`DIFFERS ${problem}`);
  const left = skipped.size > 0 ? `, ${skipped.size} skipped` : "";
  print(`${same} passed, ${problems.length} failed${left}`);
  return problems.length === 0 && same > 0 ? 0 : 1;
}

function withTables(document: string, tables: string): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`Cannot write: the document lacks "${BEGIN}"`);
  return `${document.slice(0, from + BEGIN.length)}\n\n${tables}${document.slice(to)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TypeError)) throw error; // of the command line
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
