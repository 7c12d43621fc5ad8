/**
 * Decides what the command line asks of the demo.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** What the demo is to do. */
export interface DemoSettings {
  /** How many records are produced. */
  readonly records: number;
  /** How many shards the stream has at first. */
  readonly shards: number;
  /** How many clients start. One more joins, one is killed, one is stopped. */
  readonly clients: number;
  /** How long the producer takes, in seconds. */
  readonly seconds: number;
  /** Shows the verdict only. */
  readonly isQuiet: boolean;
  /** The verdict is one JSON object on stdout; the picture, if any, goes to stderr. */
  readonly isJson: boolean;
}

/** What the command line asks for. */
export type Command =
  | { readonly outcome: "run"; readonly settings: DemoSettings }
  | { readonly outcome: "help" }
  | { readonly outcome: "refused"; readonly message: string };

/** How to call the demo. */
export const HELP = `Kinsumer's demo: clients share a stream, and no record is lost.

Starts a local Kinesis and DynamoDB, a producer, and clients as processes of their own. While
records flow, a client joins, a shard is split, two are merged, a client is killed with SIGKILL, and
one is stopped. At the end every single record is accounted for.

  npm run demo -- [options]

  --records N   how many records are produced, 1 to 1000000     (20000)
  --shards N    how many shards the stream has, 1 to 64         (8)
  --clients N   how many clients start, 2 to 12                 (3)
  --seconds N   how long the producer takes, 5 to 600           (20)
  --quiet       show the verdict only
  --json        print the verdict as one JSON object on stdout; the rest goes to stderr
  --help        show this

Exit code: 0 when every record came, in order, and none twice but for the kill; 1 when not;
2 when the arguments are wrong; 130 after Ctrl-C. NO_COLOR is respected.
`;

const OPTIONS = {
  records: { type: "string", default: "20000" },
  shards: { type: "string", default: "8" },
  clients: { type: "string", default: "3" },
  seconds: { type: "string", default: "20" },
  quiet: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** @param args the command line without the program */
export function readCommand(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
    if (values.help) return { outcome: "help" };
    const settings = {
      records: readNumber("records", values.records, { min: 1, max: 1_000_000 }),
      shards: readNumber("shards", values.shards, { min: 1, max: 64 }),
      clients: readNumber("clients", values.clients, { min: 2, max: 12 }),
      seconds: readNumber("seconds", values.seconds, { min: 5, max: 600 }),
      isQuiet: values.quiet,
      isJson: values.json,
    };
    return { outcome: "run", settings };
  } catch (error) {
    return { outcome: "refused", message: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Reads an option's number.
 *
 * @throws {RangeError} when it is none, or out of its range
 */
export function readNumber(
  name: string,
  text: string,
  { min, max, isWhole = true }: {
    readonly min: number;
    readonly max: number;
    /** @default {true} */
    readonly isWhole?: boolean;
  },
): number {
  const number = Number(text);
  const pattern = isWhole ? /^\d+$/ : /^\d+(\.\d+)?$/;
  if (pattern.test(text) && number >= min && number <= max) return number;
  const what = isWhole ? "a whole number" : "a number";
  throw new RangeError(`--${name} must be ${what} from ${min} to ${max}, got "${text}"`);
}
