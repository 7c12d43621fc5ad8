/**
 * Writes what a test puts into a simulated stream: payloads of any kind, alone or with a partition
 * key or a shard.
 *
 * @module
 */

/** A payload, and where it goes. */
export interface SimulatedRecord {
  /** Text is written as UTF-8, bytes as they are, anything else as JSON. */
  readonly data: unknown;
  /** Chooses the shard. @default a key of its own for each record: they spread over the shards */
  readonly partitionKey?: string | undefined;
  /** Pins the record to this shard, which must be open. */
  readonly shardId?: string | undefined;
}

/** Writes a payload: text as UTF-8, bytes as they are, anything else as JSON. */
export function encode(payload: unknown): string | Uint8Array {
  if (typeof payload === "string" || payload instanceof Uint8Array) return payload;
  const json: string | undefined = JSON.stringify(payload);
  if (json === undefined) {
    throw new TypeError(`Cannot put a record: a payload of type ${typeof payload} is no JSON`);
  }
  return json;
}

/**
 * An object with `data` and a partition key or a shard is a record; any other value is a payload.
 */
export function toRecord(given: unknown): SimulatedRecord {
  const isRecord = typeof given === "object" && given !== null && "data" in given &&
    ("partitionKey" in given || "shardId" in given);
  return isRecord ? given as SimulatedRecord : { data: given };
}
