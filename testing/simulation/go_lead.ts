/**
 * A simulated Go client as leader: takes the lead by age, publishes every shard that is not
 * finished, children together with their parents, and removes nobody.
 *
 * @module
 */

import type { KinesisApi } from "../../src/aws/kinesis.ts";
import type { Clock } from "../../src/runtime.ts";
import { readDigits, readString, readStrings, stringList } from "../../src/tables/item.ts";
import { goNanoseconds, goStamps, type GoTables, lastUpdateOf } from "./go_tables.ts";

/** Who leads, and where. */
export interface GoLeadership {
  readonly clientId: string;
  readonly clock: Clock;
  readonly tables: GoTables;
  readonly kinesis: KinesisApi;
  readonly actionIntervalMs: number;
  readonly maxAgeMs: number;
  readonly onPublished: (shardIds: readonly string[]) => void;
}

/** One leader action. */
export async function actAsGoLeader(leadership: GoLeadership): Promise<void> {
  if (!await register(leadership)) return;
  const { actionIntervalMs, clock, kinesis, tables } = leadership;
  const cache = await tables.get("metadata", "ShardCache");
  const cutoff = BigInt(goNanoseconds(clock.nowMs() - actionIntervalMs));
  if (lastUpdateOf(cache) > cutoff) return;
  const listed = await kinesis.listShards();
  const rows = await tables.list("checkpoints");
  const finished = new Set(
    rows.filter((row) => readDigits(row, "Finished") !== undefined)
      .map((row) => readString(row, "Shard")),
  );
  const shardIds = listed.map(({ shardId }) => shardId).filter((id) => !finished.has(id)).sort();
  const isSame = cache !== undefined && shardIds.join() === readStrings(cache, "ShardIDs").join();
  if (isSame || shardIds.length === 0) return;
  leadership.onPublished(shardIds);
  await tables.put("metadata", () => ({
    Key: { S: "ShardCache" },
    ShardIDs: stringList(shardIds),
    ...goStamps(clock),
  }));
}

function register({ clientId, clock, maxAgeMs, tables }: GoLeadership): Promise<boolean> {
  const cutoff = goNanoseconds(clock.nowMs() - maxAgeMs);
  return tables.put(
    "metadata",
    () => ({
      Key: { S: "Leader" },
      ID: { S: clientId },
      Name: { S: clientId },
      ...goStamps(clock),
    }),
    {
      conditionExpression: "#id = :id OR attribute_not_exists(#id) OR #at <= :cutoff",
      attributeNames: { "#id": "ID", "#at": "LastUpdate" },
      attributeValues: { ":id": { S: clientId }, ":cutoff": { N: cutoff } },
    },
  );
}

/** Gives the lead up, if this client has it. */
export async function resignAsGo({ clientId, clock, tables }: GoLeadership): Promise<void> {
  const { LastUpdate, LastUpdateRFC } = goStamps(clock);
  await tables.update("metadata", "Leader", {
    updateExpression: "REMOVE #id SET #at = :at, #rfc = :rfc",
    conditionExpression: "#id = :id",
    attributeNames: { "#id": "ID", "#at": "LastUpdate", "#rfc": "LastUpdateRFC" },
    attributeValues: { ":id": { S: clientId }, ":at": LastUpdate, ":rfc": LastUpdateRFC },
  });
}
