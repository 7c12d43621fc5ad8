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
  const isLeaderDead = leaderId !== undefined && !isLeader && !isLeaderLiving;
  const isFirst = facts.candidateIds.every((id) =>
    id >= clientId || (isLeaderDead && id === leaderId)
  );
  if (isLeader) return isFirst ? "lead" : "resign";
  if (leaderId !== undefined && isLeaderLiving) return "follow";
  return isFirst ? "take" : "wait";
}
