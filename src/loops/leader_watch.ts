/**
 * Remembers who leads, and sees whether that one still does: by its heartbeats, which say so, with one
 * small read; by its record where they do not, as a Go leader's do not.
 *
 * @module
 */

import type { LeaderRow } from "../model.ts";
import { isLeaderLiving } from "../rules/leadership.ts";
import { goMaxAgeMs, isLiving, isSilent, observe, type Sighting } from "../rules/liveness.ts";
import type { LoopContext } from "./context.ts";
import type { Roster, SeenClient } from "./roster.ts";

/** So many rows are read with one request and one read unit or two: then all who beat are seen. */
const SMALL_FLEET = 16;

/** What was seen of the leader. */
export interface SeenLeader {
  /** The leader's record; absent where there is none. */
  readonly leader: LeaderRow | undefined;
  readonly isLeaderLiving: boolean;
  /** Whether it has been silent for a part of its time to live, or is not known at all. */
  readonly isLate: boolean;
}

/** One follower's view of the leader. */
export class LeaderWatch {
  readonly #context: LoopContext;
  readonly #roster: Roster;
  /** The leader whose heartbeats were seen to say that it leads. */
  #trusted: LeaderRow | undefined;
  #sighting: Sighting | undefined;
  /** How many clients the leader leads, as it last said. */
  #clientCount: number | undefined;

  constructor(context: LoopContext, roster: Roster) {
    this.#context = context;
    this.#roster = roster;
  }

  /** Looks at the leader. */
  async look(signal: AbortSignal): Promise<SeenLeader> {
    const trusted = this.#trusted;
    const seen = trusted && await this.#see(trusted.clientId!, signal);
    const mustAsk = seen === undefined || isLate(seen);
    // A leader that says so itself, and in time, need not be asked for its record.
    if (!mustAsk && seen.isLiving && seen.row.ledClientCount !== undefined) {
      return { leader: trusted, isLeaderLiving: true, isLate: false };
    }
    return await this.#readRecord(seen, signal);
  }

  async #readRecord(seen: SeenClient | undefined, signal: AbortSignal): Promise<SeenLeader> {
    const { clock, metadata, options } = this.#context;
    const askedAtMs = clock.monotonicMs();
    const leader = await metadata.readLeader(signal);
    if (leader === undefined || leader.clientId !== this.#trusted?.clientId) {
      this.#trusted = undefined;
    }
    if (leader === undefined) {
      this.#sighting = undefined;
      return { leader, isLeaderLiving: false, isLate: true };
    }
    const read = { askedAtMs, answeredAtMs: clock.monotonicMs() };
    this.#sighting = observe(this.#sighting, leader, read);
    const row = this.#trusted === undefined ? await this.#rowOf(leader, signal) : seen;
    const isLeadingByBeat = row?.isLiving === true && row.row.ledClientCount !== undefined;
    const isKnownByBeat = this.#trusted !== undefined;
    if (isLeadingByBeat) this.#trusted = leader;
    const goMs = goMaxAgeMs(options.goShardCheckIntervalMs);
    return {
      leader,
      isLeaderLiving: isLeaderLiving({
        isLeadingByBeat,
        isKnownByBeat,
        isRecordLiving: isLiving(leader, this.#sighting, {
          wallNowMs: clock.nowMs(),
          goMaxAgeMs: goMs,
        }),
      }),
      // From then on the others' beats are watched too, so that the next in line knows who lives when
      // the leader is given up.
      isLate: isLeadingByBeat ? isLate(row) : isSilent(this.#sighting, leader.maxAgeMs ?? goMs),
    };
  }

  /** The row of a leader of ours that is another. */
  async #rowOf(leader: LeaderRow, signal: AbortSignal): Promise<SeenClient | undefined> {
    const { clientId, maxAgeMs } = leader;
    const isOther = clientId !== undefined && clientId !== this.#context.options.clientId;
    if (!isOther || maxAgeMs === undefined) return undefined;
    return await this.#see(clientId, signal);
  }

  /** In a small fleet the others are seen too, so that nobody's silence is noticed later than the leader's. */
  async #see(clientId: string, signal: AbortSignal): Promise<SeenClient | undefined> {
    const isSmall = (this.#clientCount ?? SMALL_FLEET + 1) <= SMALL_FLEET;
    if (isSmall) await this.#roster.look(signal);
    const seen = isSmall
      ? this.#roster.seen.find(({ row }) => row.clientId === clientId)
      : await this.#roster.watch(clientId, signal);
    this.#clientCount = seen?.row.ledClientCount;
    return seen;
  }
}

function isLate({ row, sighting }: SeenClient): boolean {
  return row.maxAgeMs === undefined || isSilent(sighting, row.maxAgeMs);
}
