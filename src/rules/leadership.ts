/**
 * Decides who leads: the living client with the lowest ID, by a conditional record.
 *
 * @module
 */

/** What this client does about the lead. */
export type Role =
  /** Renew the record, then act as leader. */
  | "lead"
  /** The lead is free and this client is first in line. */
  | "take"
  /** Lead no longer: a lower ID lives, or this client is leaving. */
  | "resign"
  /** Another leads. */
  | "follow"
  /** The lead is free and another is first in line. */
  | "wait";

/** What the decision rests on. */
export interface LeadershipFacts {
  readonly clientId: string;
  /** True once this client has begun to stop. */
  readonly isLeaving: boolean;
  /** Who holds the record; absent when nobody does. */
  readonly leaderId: string | undefined;
  /** Whether the record was renewed within its time to live. */
  readonly isLeaderLiving: boolean;
  /** The living clients that are not leaving, this one included, in any order. */
  readonly candidateIds: readonly string[];
}

/** What this client does about the lead. A dead leader is no candidate, even if its row still looks alive. */
export function decideRole(facts: LeadershipFacts): Role {
  const { clientId, leaderId, isLeaderLiving } = facts;
  const isLeader = leaderId === clientId;
  if (facts.isLeaving) return isLeader ? "resign" : "follow";
  const isLeaderDead = !isLeader && !isLeaderLiving;
  const isFirst = facts.candidateIds.every((id) =>
    id >= clientId || (isLeaderDead && id === leaderId)
  );
  if (isLeader) return isFirst ? "lead" : "resign";
  if (leaderId !== undefined && isLeaderLiving) return "follow";
  return isFirst ? "take" : "wait";
}

/**
 * Whether the leader still leads. One whose heartbeats were seen to say so leads for as long as they
 * come and say it; any other, Go's or one that has just won the lead, for as long as its record lives.
 */
export function isLeaderLiving(facts: {
  /** Whether its row in the clients table is alive and says that it leads. */
  readonly isLeadingByBeat: boolean;
  /** Whether that was seen before. */
  readonly isKnownByBeat: boolean;
  readonly isRecordLiving: boolean;
}): boolean {
  return facts.isLeadingByBeat || (!facts.isKnownByBeat && facts.isRecordLiving);
}

/** How often the record is renewed within the Go library's shard check interval, where no Go client lives. */
const RENEWALS_A_GO_INTERVAL = 2;

/**
 * Whether the leader renews its record at this look. Its heartbeats prove to ours that it leads, if
 * none was missing or silent since the record was renewed. A Go client that comes must not find the
 * record old, and while one lives it is renewed at every look.
 */
export function mustRenewLead(facts: {
  readonly renewedMs: number;
  readonly goShardCheckIntervalMs: number;
  readonly hasGo: boolean;
  readonly isProven: boolean;
}): boolean {
  const { renewedMs, goShardCheckIntervalMs, hasGo, isProven } = facts;
  return hasGo || !isProven || renewedMs >= goShardCheckIntervalMs / RENEWALS_A_GO_INTERVAL;
}
