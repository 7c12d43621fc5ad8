/**
 * The stand-in as leader: lists the shards, publishes all that are not finished (children together
 * with their parents), by a record that it takes by age.
 *
 * @module
 */

import {
  type Ask,
  getRow,
  isConditionFailure,
  nowNs,
  numberOf,
  scanAll,
  stamps,
  textOf,
} from "./wire.ts";

/** Who leads, and where. */
export interface Leadership {
  readonly ask: Ask;
  readonly askKinesis: Ask;
  readonly applicationName: string;
  readonly streamName: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly leaderActionMs: number;
}

/** The shards that the leader published; none before the first time. */
export async function readShardCache(
  { ask, applicationName }: Pick<Leadership, "ask" | "applicationName">,
): Promise<{ readonly shardIds: readonly string[]; readonly lastUpdate: bigint }> {
  const row = await getRow(ask, `${applicationName}_metadata`, { Key: { S: "ShardCache" } });
  const list = row?.["ShardIDs"];
  const shardIds = list !== undefined && "L" in list
    ? list.L.flatMap((each) => ("S" in each ? [each.S] : []))
    : [];
  return { shardIds, lastUpdate: numberOf(row, "LastUpdate") };
}

/** One leader action. */
export async function actAsLeader(leadership: Leadership): Promise<void> {
  if (!await register(leadership)) return;
  const { ask, applicationName, leaderActionMs } = leadership;
  const cache = await readShardCache(leadership);
  if (nowNs() - cache.lastUpdate < BigInt(leaderActionMs) * 1_000_000n) return;
  const listed = await leadership.askKinesis<{ Shards: readonly { ShardId: string }[] }>(
    "ListShards",
    { StreamName: leadership.streamName },
  );
  const rows = await scanAll(ask, `${applicationName}_checkpoints`);
  const finished = new Set(
    rows.filter((row) => numberOf(row, "Finished") > 0n).map((row) => textOf(row, "Shard")),
  );
  const shardIds = listed.Shards.map((shard) => shard.ShardId)
    .filter((id) => !finished.has(id)).sort();
  const isSame = shardIds.join() === cache.shardIds.join();
  if (isSame || shardIds.length === 0) return;
  await ask("PutItem", {
    TableName: `${applicationName}_metadata`,
    Item: {
      Key: { S: "ShardCache" },
      ShardIDs: { L: shardIds.map((id) => ({ S: id })) },
      ...stamps(nowNs()),
    },
  });
}

async function register(leadership: Leadership): Promise<boolean> {
  const { ask, applicationName, clientId, clientName, leaderActionMs } = leadership;
  const now = nowNs();
  try {
    await ask("PutItem", {
      TableName: `${applicationName}_metadata`,
      Item: {
        Key: { S: "Leader" },
        ID: { S: clientId },
        Name: { S: clientName },
        ...stamps(now),
      },
      ConditionExpression: "ID = :id OR attribute_not_exists(ID) OR LastUpdate <= :cutoff",
      ExpressionAttributeValues: {
        ":id": { S: clientId },
        ":cutoff": { N: String(now - BigInt(leaderActionMs) * 5_000_000n) },
      },
    });
    return true;
  } catch (error) {
    if (isConditionFailure(error)) return false;
    throw error;
  }
}

/** Gives the lead up, if the stand-in has it. */
export async function resign(leadership: Leadership): Promise<void> {
  const { LastUpdate, LastUpdateRFC } = stamps(nowNs());
  try {
    await leadership.ask("UpdateItem", {
      TableName: `${leadership.applicationName}_metadata`,
      Key: { Key: { S: "Leader" } },
      UpdateExpression: "REMOVE ID SET LastUpdate = :at, LastUpdateRFC = :rfc",
      ConditionExpression: "ID = :id",
      ExpressionAttributeValues: {
        ":id": { S: leadership.clientId },
        ":at": LastUpdate,
        ":rfc": LastUpdateRFC,
      },
    });
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
  }
}
