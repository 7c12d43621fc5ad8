/**
 * Reads where in a stream a command shall begin: `horizon`, `latest`, a time, a sequence number.
 *
 * @module
 */

import { UsageError } from "./command.ts";

/** A place in a stream, or in one shard. */
export type Place =
  | { readonly type: "horizon" }
  | { readonly type: "latest" }
  | { readonly type: "time"; readonly timestampMs: number }
  | { readonly type: "sequence"; readonly sequenceNumber: string };

/** How to write a time, for the help. */
export const TIME_FORMS = "a time is 2026-01-31T12:00:00Z, or how long ago: 90s, 15m, 2h, 3d";

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** A shorter number is no sequence number, and most likely a mistake. */
const SEQUENCE_NUMBER = /^\d{20,128}$/;

/**
 * @param option the name of the option that it was given by
 * @throws {UsageError} when the text is none of these
 */
export function readPlace(option: string, text: string, nowMs: number): Place {
  if (text === "horizon" || text === "latest") return { type: text };
  if (SEQUENCE_NUMBER.test(text)) return { type: "sequence", sequenceNumber: text };
  const timestampMs = momentOf(text, nowMs);
  if (timestampMs === undefined) {
    throw new UsageError(`--${option} is not a place in a stream: "${text}"; ${TIME_FORMS}`);
  }
  if (timestampMs > nowMs) throw new UsageError(`--${option} is in the future: "${text}"`);
  if (timestampMs <= 0) throw new UsageError(`--${option} is before 1970: "${text}"`);
  return { type: "time", timestampMs };
}

function momentOf(text: string, nowMs: number): number | undefined {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return nowMs - Number(count) * UNITS_MS[unit]!;
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  const timestampMs = Date.parse(text);
  return Number.isNaN(timestampMs) ? undefined : timestampMs;
}
