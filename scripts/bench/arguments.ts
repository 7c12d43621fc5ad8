/**
 * Decides what the command line asks of the benchmark.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { RuntimeName } from "./runtimes.ts";

/** What the benchmark is to do. */
export interface BenchSettings {
  readonly rounds: number;
  readonly runtimes: readonly RuntimeName[];
  /** Parts of the names of sections, cases and subjects; empty: all. */
  readonly only: readonly string[];
  /** Only what a goal, or the picture, needs. */
  readonly isGoals: boolean;
  /** Rounds go on for as long as the whole takes no more minutes than so; absent: so many rounds. */
  readonly minutes: number | undefined;
  /** Tiny loads: whether it runs, not how fast. */
  readonly isQuick: boolean;
  readonly isJson: boolean;
  /** Compares with the history, without adding to it. */
  readonly isCompared: boolean;
  /** Adds the ratios to the history. */
  readonly isKept: boolean;
  /** Where the picture goes; absent: nowhere. */
  readonly picture: string | undefined;
}

/** What the command line asks for. */
export type Command =
  | { readonly outcome: "run"; readonly settings: BenchSettings }
  | { readonly outcome: "help" }
  | { readonly outcome: "refused"; readonly message: string };

/** How to call it. */
export const HELP = `What a record costs: Kinsumer beside its floors and its peers, in one run.

Canned servers, in a process of their own, answer with records that were there before; every subject
is a process too. They take turns, round by round, and are compared within a round. Cost is CPU time,
user and system, of the whole process after a warm-up.

  npm run bench -- [options]

  --rounds N       how often each is measured, 1 to 25               (3)
  --runtime LIST   node, deno, bun, commas between                   (node,deno,bun)
  --only LIST      parts of names: of sections (throughput, telemetry, scale, idle, memory, tables,
                   fail-over),
                   of cases (100 B, 1 KiB, 10 KiB, steady, bytes, TLS) or of subjects
  --goals          only what a goal or the picture needs
  --minutes N      rounds until so many minutes are over, 1 to 600, and one at least
  --quick          tiny loads, one round: whether it runs, not how fast
  --picture FILE   draw the comparison as an SVG
  --compare        say what changed since the history was last written
  --keep           write the ratios to the history, for each runtime that was measured
  --json           print all as one JSON object on stdout; the rest goes to stderr
  --help           show this

The committed history and the README's picture are made on a machine with nothing else to do, by

  npm run bench -- --goals --minutes 12 --keep --picture docs/images/bench.svg

Exit code: 0 when all was measured, whether or not every goal holds; 1 when a subject failed; 2 when
the arguments are wrong.
`;

const OPTIONS = {
  rounds: { type: "string" },
  runtime: { type: "string", default: "node,deno,bun" },
  only: { type: "string", default: "" },
  goals: { type: "boolean", default: false },
  minutes: { type: "string" },
  quick: { type: "boolean", default: false },
  picture: { type: "string" },
  compare: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** @param args the command line without the program */
export function readArguments(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    if (values.help) return { outcome: "help" };
    const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
    if (minutes !== undefined && !(minutes >= 1 && minutes <= 600)) {
      return refused(`--minutes must be a number from 1 to 600, got ${values.minutes}`);
    }
    const rounds = Number(values.rounds ?? (minutes ? 25 : values.quick ? 1 : 3));
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 25) {
      return refused(`--rounds must be a whole number from 1 to 25, got ${values.rounds}`);
    }
    const runtimes = listOf(values.runtime).filter(isRuntime);
    if (runtimes.length === 0 || runtimes.length < listOf(values.runtime).length) {
      return refused(`--runtime must be of node, deno and bun, got ${values.runtime}`);
    }
    const settings: BenchSettings = {
      rounds,
      runtimes,
      only: listOf(values.only),
      isGoals: values.goals,
      minutes,
      isQuick: values.quick,
      isJson: values.json,
      isCompared: values.compare,
      isKept: values.keep,
      picture: values.picture,
    };
    return { outcome: "run", settings };
  } catch (error) {
    return refused((error as Error).message);
  }
}

function refused(message: string): Command {
  return { outcome: "refused", message };
}

function listOf(text: string): string[] {
  return text.split(",").map((each) => each.trim()).filter((each) => each !== "");
}

function isRuntime(name: string): name is RuntimeName {
  return name === "node" || name === "deno" || name === "bun";
}
