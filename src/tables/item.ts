/**
 * Remembers how DynamoDB writes what the tables hold: the attribute values, the nanosecond clock,
 * the RFC 1123 dates of the Go library and the short form of an assignment. The only place where
 * Unix nanoseconds exist.
 *
 * Readers take every form that a Go client writes: an absent attribute, NULL and `""` all mean
 * "nothing". Attributes that nobody asks for are ignored.
 *
 * @module
 */

import type { AttributeValue, Item } from "../aws/dynamodb_api.ts";

const NANOSECONDS_PER_MS = 1_000_000n;

/**
 * The next value of a row's `LastUpdate`: Unix nanoseconds, as a decimal string of 19 digits.
 * Later than `previous`, whatever the clock says, so that each write of a row has a value of its
 * own.
 */
export function nextUpdate(nowMs: number, previous?: string): string {
  const now = BigInt(Math.floor(nowMs)) * NANOSECONDS_PER_MS;
  const after = previous === undefined ? 0n : BigInt(previous) + 1n;
  return String(now > after ? now : after);
}

/**
 * {@linkcode nextUpdate} with the part below a millisecond left to chance, for rows that several
 * clients write: two that write in the same millisecond, or whose clocks both lag behind the row,
 * would otherwise take the other's write for their own.
 *
 * @param chance from 0 (included) to 1 (excluded)
 */
export function uniqueUpdate(nowMs: number, previous: string | undefined, chance: number): string {
  const part = BigInt(Math.floor(chance * Number(NANOSECONDS_PER_MS)));
  return String(BigInt(nextUpdate(nowMs, previous)) + part);
}

/** The later of two values of `LastUpdate`; `undefined` counts as earlier than any. */
export function laterUpdate(
  one: string | undefined,
  other: string | undefined,
): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return BigInt(one) > BigInt(other) ? one : other;
}

/** `LastUpdate` or `Finished` as a Go reader likes to see it: `Mon, 02 Jan 2006 15:04:05 +0000`. */
export function rfc1123(nanoseconds: string): string {
  const ms = Number(BigInt(nanoseconds) / NANOSECONDS_PER_MS);
  return new Date(ms).toUTCString().replace("GMT", "+0000");
}

/** The two attributes that every write of every row renews. */
export function updateAttributes(lastUpdate: string): Item {
  return { LastUpdate: { N: lastUpdate }, LastUpdateRFC: { S: rfc1123(lastUpdate) } };
}

/** What may stand in an attribute, by the type it has then. */
type Values = { readonly S: string; readonly N: string; readonly BOOL: boolean };

/** The value of an attribute; `undefined` where it is absent, or of another type. */
function valueOf<Type extends keyof Values>(
  item: Item,
  attribute: string,
  type: Type,
): Values[Type] | undefined {
  const value = item[attribute] as Partial<Values> | undefined;
  return value?.[type];
}

/** A string attribute; `undefined` where it is absent, NULL, empty or of another type. */
export function readString(item: Item, attribute: string): string | undefined {
  return valueOf(item, attribute, "S") || undefined;
}

/** `LastUpdate`; `"0"` where there is none, or none that counts nanoseconds. */
export function readUpdate(item: Item): string {
  return readDigits(item, "LastUpdate") ?? "0";
}

/** A whole number, for example of nanoseconds, as its digits; `undefined` where there is none. */
export function readDigits(item: Item, attribute: string): string | undefined {
  const digits = valueOf(item, attribute, "N");
  return /^\d+$/.test(digits ?? "") ? digits : undefined;
}

/** A number above 0, for example a count of milliseconds; `undefined` where there is none. */
export function readPositive(item: Item, attribute: string): number | undefined {
  const number = Number(valueOf(item, attribute, "N"));
  return number > 0 && number < Infinity ? number : undefined;
}

/** A boolean attribute; `undefined` where there is none. */
export function readBoolean(item: Item, attribute: string): boolean | undefined {
  return valueOf(item, attribute, "BOOL");
}

/** The strings of a list; none where the list is absent or NULL, as Go writes an empty one. */
export function readStrings(item: Item, attribute: string): readonly string[] {
  const value = item[attribute];
  if (value === undefined || !("L" in value)) return [];
  return value.L.flatMap((element) => ("S" in element && element.S !== "" ? [element.S] : []));
}

/** A list of strings. */
export function stringList(strings: readonly string[]): AttributeValue {
  return { L: strings.map((string) => ({ S: string })) };
}

const CANONICAL_SHARD_ID = /^shardId-(\d{12})$/;

/**
 * Writes shard IDs in little room, so that a client's row stays below 1 KiB, the unit that a write
 * is paid in: `shardId-000000000012` becomes `12`, any other ID is written in full, commas between.
 *
 * @param shardIds of the letters, digits, `_`, `.` and `-` that Kinesis allows
 */
export function encodeAssignment(shardIds: readonly string[]): string {
  return shardIds.map(encodeShardId).join(",");
}

/** Reads what {@linkcode encodeAssignment} wrote. */
export function decodeAssignment(assignment: string): readonly string[] {
  return assignment === "" ? [] : assignment.split(",").map(decodeShardId);
}

function encodeShardId(shardId: string): string {
  const digits = CANONICAL_SHARD_ID.exec(shardId)?.[1];
  if (digits !== undefined) return String(Number(digits));
  const isAllDigits = /^\d+$/.test(shardId); // "=" tells it from a short ID
  return isAllDigits ? `=${shardId}` : shardId;
}

function decodeShardId(text: string): string {
  if (text.startsWith("=")) return text.slice(1);
  return /^\d+$/.test(text) ? `shardId-${text.padStart(12, "0")}` : text;
}
