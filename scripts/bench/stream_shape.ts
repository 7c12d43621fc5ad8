/**
 * Remembers in a canned stream's name what the stream is like, so that the server needs no set-up.
 *
 * @module
 */

/** A canned stream: without end, unless it closes. */
export interface StreamShape {
  readonly shardCount: number;
  readonly recordBytes: number;
  /** How many records a read returns at the most; 0 makes every read empty. */
  readonly recordsPerRead: number;
  readonly payload: "json" | "bytes";
  /** The reads after which a shard is closed and at its end; 0: never. */
  readonly readsUntilClosed: number;
}

/** The name of a stream of this shape. */
export function streamName(shape: StreamShape): string {
  const { shardCount, recordBytes, recordsPerRead, payload, readsUntilClosed } = shape;
  return `canned-${shardCount}-${recordBytes}-${recordsPerRead}-${payload}-${readsUntilClosed}`;
}

/** The shape that a name tells; `undefined` where it is none of ours. */
export function streamShape(name: string): StreamShape | undefined {
  const found = /^canned-(\d+)-(\d+)-(\d+)-(json|bytes)-(\d+)$/.exec(name);
  if (found === null) return undefined;
  const [, shards, bytes, records, payload, reads] = found;
  return {
    shardCount: Number(shards),
    recordBytes: Number(bytes),
    recordsPerRead: Number(records),
    payload: payload === "json" ? "json" : "bytes",
    readsUntilClosed: Number(reads),
  };
}

/** For example `shardId-000000000007`. */
export function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(12, "0")}`;
}
