/**
 * Decides what the command line asks of the interoperability check.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { PeerKind } from "./peer.ts";

/** What the check is to do. */
export interface Settings {
  readonly peer: PeerKind;
  /** The scenarios to play; absent: all. */
  readonly only: string | undefined;
  readonly isJson: boolean;
}

/** What the command line asks for. */
export type Command =
  | { readonly outcome: "run"; readonly settings: Settings }
  | { readonly outcome: "help" }
  | { readonly outcome: "refused"; readonly message: string };

const OPTIONS = {
  peer: { type: "string", default: "original" },
  only: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** @param args the command line without the program; @param names the scenarios that there are */
export function readCommand(args: readonly string[], names: readonly string[]): Command {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
    if (values.help) return { outcome: "help" };
    const { json: isJson, only, peer } = values;
    if (peer !== "original" && peer !== "stand-in") {
      throw new RangeError(`--peer must be "original" or "stand-in", got "${peer}"`);
    }
    if (only !== undefined && !names.includes(only)) {
      throw new RangeError(`--only must be one of ${names.join(", ")}; got "${only}"`);
    }
    return { outcome: "run", settings: { peer, only, isJson } };
  } catch (error) {
    return { outcome: "refused", message: error instanceof Error ? error.message : String(error) };
  }
}
