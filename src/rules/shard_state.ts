/**
 * Decides what state a shard's loop may go to.
 *
 * ```
 *  capturing ──captured──▶ reading ──ended──▶ draining ──processed──▶ finished
 *      │                     │  ▲                │  │
 *      │                     │  └────dropped─────┘  │
 *      └────────stop─────────┴──────────stop────────┴──▶ releasing ──▶ released
 *
 *  any state but finished and released ──lost──▶ lost
 * ```
 *
 * @module
 */

/** Where a shard's loop stands. */
export type ShardState =
  | "capturing"
  | "reading"
  /** Read to its verified end; waiting until every record is processed, or dropped to be read anew. */
  | "draining"
  | "releasing"
  | "finished"
  | "released"
  | "lost";

const NEXT: { readonly [state in ShardState]: readonly ShardState[] } = {
  capturing: ["reading", "releasing", "finished", "lost"],
  reading: ["draining", "releasing", "lost"],
  draining: ["reading", "finished", "releasing", "lost"],
  releasing: ["released", "lost"],
  finished: [],
  released: [],
  lost: [],
};

/** Whether the loop may go from one state to another. */
export function mayEnter(from: ShardState, to: ShardState): boolean {
  return NEXT[from].includes(to);
}
