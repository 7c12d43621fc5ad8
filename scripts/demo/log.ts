/**
 * Remembers what happened, line by line. The same thing that happens to several shards at once is
 * one line.
 *
 * @module
 */

/** A line about what happened. */
export interface LogLine {
  /** Since the start. */
  readonly atMs: number;
  /** Absent: the demo itself. */
  readonly client: string | undefined;
  /** What happened; to which shards follows. */
  readonly text: string;
  /** Short names of shards; grows for a moment. */
  readonly shards: string[];
}

/** Who did it, and when. */
export interface LogStamp {
  readonly client: string | undefined;
  /** Since the start. */
  readonly atMs: number;
}

/** For so long the same thing, happening to other shards, joins the line. */
export const JOIN_MS: number = 300;

/** What happened. */
export class Log {
  readonly #lines: LogLine[] = [];

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Notes what happened. */
  note(text: string, { client, atMs }: LogStamp): void {
    this.#lines.push({ client, atMs, text, shards: [] });
  }

  /** Notes what happened to a shard. */
  noteShard(text: string, shard: string, stamp: LogStamp): void {
    const last = this.#lines.at(-1);
    const isSame = last !== undefined && last.client === stamp.client && last.text === text &&
      stamp.atMs - last.atMs < JOIN_MS;
    if (isSame) last.shards.push(shard);
    else this.#lines.push({ ...stamp, text, shards: [shard] });
  }
}
