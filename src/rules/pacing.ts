/**
 * Decides how fast: when the next read of a shard may start, how much it asks for, and how long a
 * retry waits.
 *
 * @module
 */

/** What the last reads of a shard showed. */
export interface ReadFacts {
  /** When the last read started; absent before the first. */
  readonly lastReadAtMs: number | undefined;
  readonly nowMs: number;
  readonly throttleDelayMs: number;
  /** The bound for a shard that is idle; one below the throttle changes nothing. */
  readonly idleDelayMs: number;
  /** How many reads in a row found nothing, and nothing left to read. */
  readonly idleReads: number;
  /** From 0 (included) to 1 (excluded). */
  readonly chance: number;
}

/** How much earlier than it would an idle shard may be read, so that shards fall out of step. */
const IDLE_SPREAD = 0.1;
/** Idle shards are read at multiples of this, a few at a time: to wake up costs more than to read. */
const IDLE_TICK_MS = 50;

/**
 * How long to wait before the next read: reads are counted from start to start. A shard with records
 * left is read as often as the throttle allows. One that is idle is read less and less often, down
 * to once in `idleDelayMs`, each time a little earlier by chance, and so much that other idle shards
 * are read at the same moment.
 */
export function readDelayMs(facts: ReadFacts): number {
  const { lastReadAtMs, nowMs, throttleDelayMs, idleDelayMs, idleReads, chance } = facts;
  if (lastReadAtMs === undefined) return 0;
  const doubled = throttleDelayMs * 2 ** Math.min(idleReads, 20);
  const intervalMs = Math.min(doubled, Math.max(throttleDelayMs, idleDelayMs));
  const earliestMs = lastReadAtMs + throttleDelayMs;
  if (idleReads === 0) return Math.max(0, earliestMs - nowMs);
  const dueMs = lastReadAtMs + intervalMs * (1 - IDLE_SPREAD * chance);
  const tickMs = Math.floor(dueMs / IDLE_TICK_MS) * IDLE_TICK_MS;
  return Math.max(0, Math.max(earliestMs, tickMs) - nowMs);
}

/** No answer of the service is larger. */
const LARGEST_READ_BYTES = 10_485_760;
/** With many shards their reads take turns rather than get smaller than this, or a part of the budget. */
const WORTHWHILE_BYTES = 1_048_576;
const WORTHWHILE_PART = 1 / 16;

/**
 * How much a read may ask for: the shard's share of the budget, and at least what is worth a call. It
 * is admitted by the same number of bytes, so that all shards together stay within the budget.
 *
 * @param facts.recordBytes what a record takes, as far as is known
 * @param facts.halvings see {@linkcode nextHalvings}
 */
export function readSize(facts: {
  readonly maxBufferedBytes: number;
  readonly shardCount: number;
  readonly recordBytes: number;
  readonly readLimit: number;
  readonly halvings?: number | undefined;
}): { readonly limit: number; readonly byteLength: number } {
  const { maxBufferedBytes, shardCount, readLimit } = facts;
  const share = maxBufferedBytes / Math.max(1, shardCount);
  const worthwhile = Math.min(WORTHWHILE_BYTES, maxBufferedBytes * WORTHWHILE_PART);
  const bytes = Math.min(LARGEST_READ_BYTES, Math.max(worthwhile, share));
  const recordBytes = Math.max(1, facts.recordBytes);
  const most = Math.min(readLimit, Math.floor(bytes / recordBytes));
  const limit = Math.max(1, Math.floor(most / 2 ** (facts.halvings ?? 0)));
  return { limit, byteLength: Math.ceil(limit * recordBytes) };
}

/** 40 KiB in place of 10 MiB: less would help no line, and take longer to make up for. */
const MAX_HALVINGS = 8;
/** Twice as much is asked for where that would arrive in half of the time that there is. */
const QUICK_PART = 1 / 4;

/**
 * How often to halve what the next read asks for: once more when this one was not answered in time,
 * because the line may be too slow for so much, and would be again; once less when it was quick.
 *
 * @param facts.tookMs absent: it was not answered in time
 */
export function nextHalvings(facts: {
  readonly halvings: number;
  readonly tookMs: number | undefined;
  readonly timeoutMs: number;
}): number {
  const { halvings, tookMs, timeoutMs } = facts;
  if (tookMs === undefined) return Math.min(MAX_HALVINGS, halvings + 1);
  return tookMs <= timeoutMs * QUICK_PART ? Math.max(0, halvings - 1) : halvings;
}

/** The longest wait between two tries, and the first where a try will hardly help by itself. */
export const MAX_RETRY_DELAY_MS = 10_000;
const CREDENTIALS_DELAY_MS = 1_000;

/**
 * The first wait after a failure. What the service may soon answer is tried soon; what somebody has
 * to mend is tried seldom; refused credentials lie between, because others may be there by then.
 *
 * @param baseMs the first wait after a failure that may pass by itself
 */
export function firstDelayMs(
  error: { readonly code: string; readonly retryable: boolean },
  baseMs: number,
): number {
  if (error.retryable) return baseMs;
  return error.code === "CredentialsRejected" ? CREDENTIALS_DELAY_MS : MAX_RETRY_DELAY_MS;
}

/**
 * How long to wait before a retry: doubled with each failure up to a bound, the upper half of it
 * left to chance, so that clients that failed together do not come back together.
 *
 * @param facts.failures how many attempts have failed in a row: at least 1
 * @param facts.chance from 0 (included) to 1 (excluded)
 */
export function backoffMs(facts: {
  readonly failures: number;
  readonly baseMs: number;
  readonly maxMs: number;
  readonly chance: number;
}): number {
  const doubled = facts.baseMs * 2 ** Math.min(facts.failures - 1, 30);
  const bound = Math.min(doubled, facts.maxMs);
  return bound / 2 + (bound / 2) * facts.chance;
}
