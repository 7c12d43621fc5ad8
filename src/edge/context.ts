/**
 * What the parts of one run at the edge share: the client's identity, ports, clock, lease and voice,
 * and what is read and not processed.
 *
 * @module
 */

import type { LoopContext } from "../loops/context.ts";
import type { Roster } from "../loops/roster.ts";
import type { ResolvedEdgeOptions } from "./options.ts";
import type { EdgeRecord } from "./record.ts";

/** What the parts of one run at the edge share. */
export interface EdgeContext extends
  Pick<
    LoopContext,
    | "announcer"
    | "checkpoints"
    | "clients"
    | "clock"
    | "incarnation"
    | "kinesis"
    | "lease"
    | "metadata"
    | "random"
  > {
  readonly options: ResolvedEdgeOptions;
  readonly roster: Roster;
  /** Whether a request may be made that is none of leaving. */
  readonly maySpend: () => boolean;
  /** What the run holds of its shards. */
  readonly hold: Hold;
  /**
   * Gives a record to the handler.
   *
   * @returns whether the handler was done with it
   */
  readonly handOver: (record: EdgeRecord) => Promise<boolean>;
}

/** What is read and not processed, over all shards of a run. */
export interface Hold {
  /** Bytes. */
  heldBytes: number;
  /** How many shards share the budget of bytes. */
  shardCount: number;
  /** Resolves once what was given to it last is processed: one read's records after another's. */
  turn: Promise<void>;
}
