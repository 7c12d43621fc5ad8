/**
 * The program of `npm run bench`: measures, judges, prints.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ROOT, runtimePath } from "../runtimes.mjs";
import { type BenchSettings, HELP, readArguments } from "./arguments.ts";
import type { BenchContext } from "./bench.ts";
import { type Goal, isCompared, judge } from "./goals.ts";
import { changes, entryOf, keep, readHistory } from "./history.ts";
import { drawPicture, isDrawn } from "./picture.ts";
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
import type { RuntimeName } from "./runtimes.ts";
import { measureThroughput } from "./throughput.ts";

const HISTORY = join(ROOT, "scripts", "bench", "history.json");
const SECTIONS = ["throughput", "telemetry", "scale", "idle", "memory", "tables", "fail-over"];

async function run(settings: BenchSettings): Promise<number> {
  const startedAtMs = performance.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const failures: string[] = [];
  compile();
  const certificate = makeCertificate(say);
  const go = goProgram(say);
  const servers = await Servers.start(certificate);
  const { isQuick } = settings;
  const context: BenchContext = { servers, go, certificate: certificate?.path, isQuick, say };
  try {
    const figures = await measureFigures(context, settings, failures);
    const mayGoOn = (roundMs: number): boolean =>
      performance.now() - startedAtMs + roundMs <= (settings.minutes ?? Infinity) * 60_000;
    const throughput = isWanted(settings, "throughput")
      ? await measureThroughput(context, {
        ...settings,
        mayGoOn,
        isWanted: (caseName, subject, runtime) =>
          isWantedTurn(settings, caseName, subject) &&
          (!settings.isGoals || isCompared(caseName, runtime, subject) ||
            isDrawn(caseName, runtime, subject)),
        failed: (what) => {
          failures.push(what);
          say(`FAILED ${what}`);
        },
      })
      : [];
    const goals = judge(throughput, figures);
    const result = { throughput, figures, goals, failures };
    if (settings.isJson) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else process.stdout.write(`${report(throughput, figures, goals)}\n`);
    const picture = settings.picture === undefined ? undefined : drawPicture(throughput);
    if (picture !== undefined) writeFileSync(settings.picture ?? "", picture);
    remember(goals, settings, say);
  } finally {
    servers.stop();
  }
  for (const failure of failures) say(`FAILED ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

/** Compares with the history, and adds to it, as far as that was asked for. */
function remember(
  goals: readonly Goal[],
  settings: BenchSettings,
  say: (line: string) => void,
): void {
  const platform = `${process.platform}-${process.arch}`;
  for (const runtime of settings.runtimes) {
    const date = new Date().toISOString().slice(0, 10);
    const entry = entryOf(goals, { date, runtime, version: versionOf(runtime), platform });
    if (Object.keys(entry.values).length === 0) continue;
    const before = readHistory(HISTORY).findLast((each) => each.runtime === runtime);
    if (settings.isCompared) {
      const lines = before === undefined ? [] : changes(before, entry);
      const since = before === undefined ? "nothing was kept yet" : `since ${before.date}`;
      say(`${runtime}, ${since}${before && lines.length === 0 ? ": nothing changed" : ""}`);
      for (const line of lines) say(`  ${line}`);
    }
    if (settings.isKept) keep(HISTORY, entry);
  }
}

/** For example `20.20`. */
function versionOf(runtime: RuntimeName): string {
  const { stdout } = spawnSync(runtimePath(runtime), ["--version"], { encoding: "utf8" });
  return /\d+\.\d+/.exec(stdout)?.[0] ?? "unknown";
}

async function measureFigures(
  context: BenchContext,
  settings: BenchSettings,
  failures: string[],
): Promise<Figure[]> {
  const { isGoals } = settings;
  const runtimes = settings.runtimes.filter((each) => !isGoals || each === "node");
  const figures: Figure[] = [];
  const measure = async (name: string, section: () => Promise<Figure[]>): Promise<void> => {
    if (!isWanted(settings, name) || (settings.isQuick && name === "fail-over")) return;
    try {
      figures.push(...await section());
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  };
  await measure("telemetry", () => measureTelemetry(context));
  await measure("scale", () => measureScale(context));
  await measure("idle", () => measureIdle(context, runtimes, { isGoals }));
  await measure("memory", () => measureMemory(context, runtimes));
  // What counts requests and what counts seconds do next to nothing most of the time; each has
  // servers of its own, because each begins their counts anew.
  const others = await Servers.start(undefined);
  try {
    await Promise.all([
      measure("tables", () => measureTables(context)),
      measure("fail-over", () => measureFailOver({ ...context, servers: others })),
    ]);
  } finally {
    others.stop();
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
