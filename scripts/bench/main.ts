/**
 * The program of `npm run bench`: measures, judges, prints.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../runtimes.mjs";
import { type BenchSettings, HELP, readArguments } from "./arguments.ts";
import type { BenchContext } from "./bench.ts";
import { judge } from "./goals.ts";
import { changes, entryOf, keep, readHistory } from "./history.ts";
import { drawPicture } from "./picture.ts";
import {
  type Figure,
  measureFailOver,
  measureIdle,
  measureMemory,
  measureScale,
  measureTables,
  measureTelemetry,
} from "./probes.ts";
import { report } from "./report.ts";
import { compile, goProgram, makeCertificate, Servers } from "./stage.ts";
import { CASES } from "./plan.ts";
import { measureThroughput } from "./throughput.ts";

const HISTORY = join(ROOT, "scripts", "bench", "history.json");
const SECTIONS = ["throughput", "telemetry", "scale", "idle", "memory", "tables", "fail-over"];

async function run(settings: BenchSettings): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const failures: string[] = [];
  compile();
  const certificate = makeCertificate(say);
  const go = goProgram(say);
  const servers = await Servers.start(certificate);
  const { isQuick } = settings;
  const context: BenchContext = { servers, go, certificate: certificate?.path, isQuick, say };
  try {
    const throughput = isWanted(settings, "throughput")
      ? await measureThroughput(context, {
        ...settings,
        isWanted: (caseName, subject) => isWantedTurn(settings, caseName, subject),
        failed: (what) => {
          failures.push(what);
          say(`FAILED ${what}`);
        },
      })
      : [];
    const figures = await measureFigures(context, settings, failures);
    const goals = judge(throughput, figures);
    const result = { throughput, figures, goals, failures };
    if (settings.isJson) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else process.stdout.write(`${report(throughput, figures, goals)}\n`);
    const picture = settings.picture === undefined ? undefined : drawPicture(throughput);
    if (picture !== undefined) writeFileSync(settings.picture ?? "", picture);
    const facts = { date: new Date().toISOString().slice(0, 10), runtime: runtimeName() };
    const entry = entryOf(goals, facts);
    const before = readHistory(HISTORY).findLast(({ runtime }) => runtime === facts.runtime);
    if (settings.isCompared && before !== undefined) {
      const lines = changes(before, entry);
      say(`Since ${before.date}: ${lines.length === 0 ? "nothing changed" : ""}`);
      for (const line of lines) say(`  ${line}`);
    }
    if (settings.isKept) keep(HISTORY, entry);
  } finally {
    servers.stop();
  }
  for (const failure of failures) say(`FAILED ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

function runtimeName(): string {
  return `node ${process.versions.node.split(".")[0]}, ${process.platform}-${process.arch}`;
}

async function measureFigures(
  context: BenchContext,
  settings: BenchSettings,
  failures: string[],
): Promise<Figure[]> {
  const { runtimes } = settings;
  const sections: readonly (readonly [string, () => Promise<Figure[]>])[] = [
    ["telemetry", () => measureTelemetry(context)],
    ["scale", () => measureScale(context)],
    ["idle", () => measureIdle(context, runtimes)],
    ["memory", () => measureMemory(context, runtimes)],
    ["tables", () => measureTables(context)],
    ["fail-over", () => measureFailOver(context)],
  ];
  const figures: Figure[] = [];
  for (const [name, measure] of sections) {
    if (!isWanted(settings, name) || (settings.isQuick && name === "fail-over")) continue;
    try {
      figures.push(...await measure());
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
  return figures;
}

/** Whether a section was asked for; naming a case or a subject asks for throughput. */
function isWanted({ only }: BenchSettings, section: string): boolean {
  const sections = only.filter((each) => SECTIONS.some((name) => name.includes(each)));
  if (section === "throughput" && sections.length < only.length) return true;
  return only.length === 0 || sections.some((each) => section.includes(each));
}

function isWantedTurn({ only }: BenchSettings, caseName: string, subject: string): boolean {
  const cases = only.filter((each) => CASES.some(({ name }) => name === each));
  const subjects = only.filter((each) =>
    !cases.includes(each) && !SECTIONS.some((name) => name.includes(each))
  );
  return (cases.length === 0 || cases.includes(caseName)) &&
    (subjects.length === 0 || subjects.some((each) => subject.includes(each)));
}

async function main(args: readonly string[]): Promise<number> {
  const command = readArguments(args);
  if (command.outcome === "run") return await run(command.settings);
  if (command.outcome === "help") process.stdout.write(HELP);
  else process.stderr.write(`${command.message}\n\n${HELP}`);
  return command.outcome === "help" ? 0 : 2;
}

process.exitCode = await main(process.argv.slice(2));
