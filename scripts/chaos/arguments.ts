/**
 * Decides what the command line asks of the chaos run.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { readNumber } from "../demo/arguments.ts";

/** What the chaos run is to do. */
export interface ChaosSettings {
  /** For how long faults happen: minutes. */
  readonly minutes: number;
  readonly seed: number;
  readonly clients: number;
  readonly shards: number;
  /** Records produced a second. */
  readonly rate: number;
  /** The verdict is one JSON object on stdout; the rest goes to stderr. */
  readonly isJson: boolean;
}

/** What the command line asks for. */
export type Command =
  | { readonly outcome: "run"; readonly settings: ChaosSettings }
  | { readonly outcome: "help" }
  | { readonly outcome: "refused"; readonly message: string };

/** How to call it. */
export const HELP = `Kinsumer under fire: whatever goes wrong, no record is lost or out of order.

Runs a fleet of processes on Node, Deno and Bun against local servers behind a proxy, and, chosen by
a seed, kills, freezes, cuts off and replaces clients, splits and merges shards, and makes the
services throttle, fail, hang, lie and restart. At the end every single record is accounted for.

  npm run chaos -- [options]

  --minutes N   for how long, fractions allowed, 0.25 to 120   (10)
  --seed N      chooses what happens                           (random)
  --clients N   how many clients, 3 to 24                      (6)
  --shards N    how many shards the stream has, 4 to 64        (16)
  --rate N      records a second, 10 to 2000                   (200)
  --json        print the verdict as one JSON object on stdout; the rest goes to stderr
  --help        show this

Exit code: 0 when no record was lost, out of order, or twice without a fault that explains it, and
every stop ended in time; 1 when not; 2 when the arguments are wrong; 130 after Ctrl-C.
`;

const OPTIONS = {
  minutes: { type: "string", default: "10" },
  seed: { type: "string" },
  clients: { type: "string", default: "6" },
  shards: { type: "string", default: "16" },
  rate: { type: "string", default: "200" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/**
 * @param args the command line without the program
 * @param randomSeed the seed, unless told
 */
export function readCommand(args: readonly string[], randomSeed: number): Command {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
    if (values.help) return { outcome: "help" };
    const settings = {
      minutes: readNumber("minutes", values.minutes, { min: 0.25, max: 120, isWhole: false }),
      seed: readNumber("seed", values.seed ?? String(randomSeed), { min: 0, max: 2 ** 31 }),
      clients: readNumber("clients", values.clients, { min: 3, max: 24 }),
      shards: readNumber("shards", values.shards, { min: 4, max: 64 }),
      rate: readNumber("rate", values.rate, { min: 10, max: 2_000 }),
      isJson: values.json,
    };
    return { outcome: "run", settings };
  } catch (error) {
    return { outcome: "refused", message: error instanceof Error ? error.message : String(error) };
  }
}
