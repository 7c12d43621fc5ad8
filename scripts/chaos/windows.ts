/**
 * Remembers which fault may have kept which client from committing, and when.
 *
 * @module
 */

/** A time in which a client may have been kept from committing, or was killed. */
export interface FaultWindow {
  /** For people. */
  readonly kind: string;
  /** Absent: every client. */
  readonly client: string | undefined;
  /** Wall-clock milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** For so long after its end a commit may still wait, because pauses between attempts grow. */
  readonly recoveryMs: number;
  /** Whether it can also cost a living client its shards. */
  readonly mayFence: boolean;
}

/** What a window is opened for. */
export interface WindowFacts {
  readonly kind: string;
  readonly client?: string | undefined;
  /** @default {true} */
  readonly mayFence?: boolean | undefined;
  readonly extraRecoveryMs?: number | undefined;
}

/** Commits are asked for again after at most about as long as they have failed, and a timeout. */
const RECOVERY_BASE_MS = 2_500;

/** The windows of a run. */
export class Windows {
  readonly #windows: FaultWindow[] = [];

  get all(): readonly FaultWindow[] {
    return [...this.#windows];
  }

  /** How long until the last fault is felt no more: milliseconds. */
  get settlingMs(): number {
    const ends = this.#windows.map(({ toMs, recoveryMs }) => toMs + recoveryMs);
    return Math.max(0, ...ends.map((endMs) => endMs - Date.now()));
  }

  /** Notes a moment, such as a kill. */
  moment(kind: string, client: string, atMs: number = Date.now()): void {
    this.#windows.push({ kind, client, fromMs: atMs, toMs: atMs, recoveryMs: 0, mayFence: false });
  }

  /**
   * Opens a window.
   *
   * @returns closes it
   */
  open({ kind, client, mayFence = true, extraRecoveryMs = 0 }: WindowFacts): () => void {
    const fromMs = Date.now();
    const open = { kind, client, fromMs, toMs: Infinity, recoveryMs: 0, mayFence };
    const place = this.#windows.push(open) - 1;
    return () => {
      const toMs = Date.now();
      const recoveryMs = Math.min(toMs - fromMs, 10_000) + RECOVERY_BASE_MS + extraRecoveryMs;
      this.#windows[place] = { ...open, toMs, recoveryMs };
    };
  }
}
