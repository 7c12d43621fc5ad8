/**
 * Watches who takes the lead: nobody while another, who lives, is before it (P6). A lead that is
 * taken out of turn is given back at once, and who is given shards changes for nothing.
 *
 * @module
 */

import type { ClientRow } from "../../src/model.ts";
import type { Stage } from "./stage.ts";

/** Until everybody has looked at least once since somebody came. */
const SEEN_BY_ALL_MS = 10_000;

/** Checks each change of the leader's record. */
export function watchTakeovers(stage: Stage): void {
  const { account, tables } = stage.world;
  const cameAtMs = new Map<string, number>();
  const beatAtMs = new Map<string, number>();
  let leaderId: string | undefined;

  const isSurelyNext = ({ clientId, isLeaving, maxAgeMs }: ClientRow): boolean => {
    const sinceMs = cameAtMs.get(clientId) ?? Infinity;
    const beatMs = beatAtMs.get(clientId) ?? 0;
    const actor = stage.living.find(({ client }) => client.kinsumer.clientId === clientId);
    return actor !== undefined && !account.isExcused(actor.name) && !isLeaving &&
      maxAgeMs !== undefined && stage.nowMs - sinceMs >= SEEN_BY_ALL_MS &&
      stage.nowMs - beatMs < maxAgeMs / 2;
  };

  tables.onChange(({ table, key, before, after }) => {
    if (table === "clients") {
      if (before === undefined) cameAtMs.set(key, stage.nowMs);
      if (after === undefined) cameAtMs.delete(key);
      beatAtMs.set(key, stage.nowMs);
    }
    if (table !== "metadata" || key !== "Leader") return;
    const former = leaderId;
    leaderId = tables.leader()?.clientId;
    const taker = stage.actors.find(({ client }) => client.kinsumer.clientId === leaderId);
    if (leaderId === former || taker === undefined || account.isExcused(taker.name)) return;
    const passedOver = tables.clientRows().find((row) =>
      row.clientId < leaderId! && row.clientId !== former && isSurelyNext(row)
    );
    if (passedOver === undefined) return;
    account.violate("P6", `${taker.name} took the lead before ${passedOver.clientId}, which lives`);
  });
}
