/**
 * Tries every call that a client makes, without changing anything: writes are sent on a condition
 * that cannot hold, which the service looks at only after the permission.
 *
 * @module
 */

import { AnswerReader } from "../aws/answers.ts";
import { KinsumerError } from "../errors.ts";
import { HASH_KEYS, type TableNames } from "../tables/schema.ts";
import type { StreamFindings, TableFindings } from "./doctor_checks.ts";
import type { World } from "./world.ts";

/** What became of one call. */
export interface Probe {
  /** For example `kinesis:GetRecords`. */
  readonly action: string;
  readonly resource: string;
  /** Absent: it is allowed. */
  readonly error?: KinsumerError | undefined;
}

/** The parts of the resources' names. */
export interface Place {
  readonly region: string;
  /** `*` where it is not known. */
  readonly accountId: string;
}

/** The resource of a stream, as policies name it. */
export function streamArn({ region, accountId }: Place, streamName: string): string {
  return `arn:${partitionOf(region)}:kinesis:${region}:${accountId}:stream/${streamName}`;
}

/** The resource of a table, as policies name it. */
export function tableArn({ region, accountId }: Place, tableName: string): string {
  return `arn:${partitionOf(region)}:dynamodb:${region}:${accountId}:table/${tableName}`;
}

function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** Tries a call. @throws what is no {@linkcode KinsumerError} */
export async function attempt(work: () => Promise<unknown>): Promise<KinsumerError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof KinsumerError) return error;
    throw error;
  }
}

/** Reads what the stream says of itself. */
export async function describeStream(
  world: World,
  streamName: string,
  signal: AbortSignal,
): Promise<StreamFindings & { readonly accountId: string }> {
  const operation = "DescribeStreamSummary";
  const { streamArn: arn } = world.target;
  const answer = await world.askKinesis(
    `Kinesis_20131202.${operation}`,
    arn === undefined ? { StreamName: streamName } : { StreamARN: arn },
    { signal },
  );
  const summary = new AnswerReader(operation, answer).within("StreamDescriptionSummary");
  const mode = summary.optionalFields("StreamModeDetails")?.["StreamMode"];
  return {
    streamName,
    status: summary.text("StreamStatus"),
    openShardCount: summary.optionalNumber("OpenShardCount") ?? 0,
    retentionHours: summary.optionalNumber("RetentionPeriodHours"),
    consumerCount: summary.optionalNumber("ConsumerCount") ?? 0,
    mode: typeof mode === "string" ? mode : undefined,
    encryption: summary.optionalText("EncryptionType"),
    accountId: summary.optionalText("StreamARN")?.split(":")[4] || "*",
  };
}

/** What the reads of one shard showed. */
export interface ReadProbe {
  readonly probes: readonly Probe[];
  readonly throttledShardIds: readonly string[];
}

/** Lists the shards and reads one record of each, of the first ten at the most. */
export async function probeReads(
  world: World,
  streamName: string,
  { place, signal }: { readonly place: Place; readonly signal: AbortSignal },
): Promise<ReadProbe> {
  const kinesis = world.stream(streamName);
  const resource = streamArn(place, streamName);
  let shardIds: readonly string[] = [];
  const listing = await attempt(async () => {
    shardIds = (await kinesis.listShards(signal)).slice(-10).map(({ shardId }) => shardId);
  });
  let iterating: KinsumerError | undefined;
  let reading: KinsumerError | undefined;
  const throttledShardIds: string[] = [];
  for (const shardId of shardIds) {
    let shardIterator = "";
    const position = { type: "TRIM_HORIZON" } as const;
    iterating = await attempt(async () => {
      shardIterator = await kinesis.getShardIterator({ shardId, position }, signal);
    });
    if (iterating !== undefined) break;
    const failure = await attempt(() =>
      kinesis.getRecords({ shardId, shardIterator, limit: 1 }, signal)
    );
    if (failure?.code === "Throttled") throttledShardIds.push(shardId);
    else if (failure !== undefined) {
      reading = failure;
      break;
    }
  }
  const probes = [{ action: "kinesis:ListShards", resource, error: listing }];
  if (shardIds.length > 0) {
    probes.push({ action: "kinesis:GetShardIterator", resource, error: iterating });
  }
  if (shardIds.length > 0 && iterating === undefined) {
    probes.push({ action: "kinesis:GetRecords", resource, error: reading });
  }
  return { probes, throttledShardIds };
}

/** What a table says of itself. @throws {KinsumerError} when it may not be asked */
export async function describeTable(
  world: World,
  { tableName, wantedKey }: { readonly tableName: string; readonly wantedKey: string },
  signal: AbortSignal,
): Promise<TableFindings> {
  const operation = "DescribeTable";
  let answer: unknown;
  try {
    answer = await world.askDynamoDb(`DynamoDB_20120810.${operation}`, { TableName: tableName }, {
      signal,
    });
  } catch (error) {
    if (error instanceof KinsumerError && error.code === "TableNotFound") {
      return { tableName, wantedKey };
    }
    throw error;
  }
  const table = new AnswerReader(operation, answer).within("Table");
  const types = new Map(
    readPairs(table.optionalList("AttributeDefinitions"), "AttributeType"),
  );
  const keys = readPairs(table.optionalList("KeySchema"), "KeyType").map(([name]) => ({
    name,
    type: types.get(name) ?? "?",
  }));
  const units = table.optionalFields("ProvisionedThroughput")?.["WriteCapacityUnits"];
  const writeUnits = typeof units === "number" ? units : 0;
  return { tableName, wantedKey, found: { status: table.text("TableStatus"), keys, writeUnits } };
}

function readPairs(list: readonly unknown[] | undefined, field: string): [string, string][] {
  return (list ?? []).map((raw) => {
    const fields = new AnswerReader("DescribeTable", raw);
    return [fields.text("AttributeName"), fields.text(field)];
  });
}

/** A key that no row has. */
const NOBODY = "kinsumer-doctor";

/** Tries what a client calls on a table. */
export async function probeTable(
  world: World,
  table: keyof TableNames,
  { tableName, place, signal }: {
    readonly tableName: string;
    readonly place: Place;
    readonly signal: AbortSignal;
  },
): Promise<readonly Probe[]> {
  const { dynamodb } = world;
  const hashKey = HASH_KEYS[table];
  const key = { [hashKey]: { S: NOBODY } };
  // A row cannot be there and not be there.
  const never = {
    tableName,
    key,
    conditionExpression: "attribute_exists(#key) AND attribute_not_exists(#key)",
    attributeNames: { "#key": hashKey },
  };
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    GetItem: () => dynamodb.getItem({ tableName, key }, signal),
    ...(table === "checkpoints" && {
      BatchGetItem: () => dynamodb.batchGetItem({ tableName, keys: [key] }, signal),
    }),
    ...(table !== "metadata" && { Scan: () => dynamodb.scan({ tableName }, signal) }),
    UpdateItem: () =>
      dynamodb.updateItem({
        ...never,
        updateExpression: "SET #update = :update",
        attributeNames: { ...never.attributeNames, "#update": "LastUpdate" },
        attributeValues: { ":update": { N: "0" } },
      }, signal),
    ...(table !== "metadata" && { DeleteItem: () => dynamodb.deleteItem(never, signal) }),
  };
  const probes: Probe[] = [];
  for (const [operation, call] of Object.entries(calls)) {
    const action = `dynamodb:${operation}`;
    probes.push({ action, resource: tableArn(place, tableName), error: await attempt(call) });
  }
  return probes;
}
