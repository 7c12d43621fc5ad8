/**
 * Remembers who leads, which shards may be read, and when the application first started: the
 * metadata table, one row each.
 *
 * @module
 */

import type { Item, ItemsApi, UpdateRequest } from "../aws/dynamodb_api.ts";
import { KinsumerError } from "../errors.ts";
import type { LeaderRow, ShardCache } from "../model.ts";
import type { Clock } from "../runtime.ts";
import {
  Expression,
  isAsRead,
  isMissing,
  isString,
  isUnchanged,
  removeAttributes,
  setAttributes,
  writtenItem,
} from "./expression.ts";
import {
  laterUpdate,
  nextUpdate,
  readPositive,
  readString,
  readStrings,
  readUpdate,
  stringList,
  updateAttributes,
} from "./item.ts";

/** The metadata table. Implement it to keep these three rows elsewhere. */
export interface MetadataTable {
  /** Who leads; `undefined` when nobody does. */
  readLeader(signal?: AbortSignal): Promise<LeaderRow | undefined>;
  /**
   * Takes or renews the lead, if the row is still as observed.
   *
   * @param request.observed the row that the decision to lead was made on; absent: no row
   * @returns the row as written; `undefined` when it changed since
   */
  lead(
    request: {
      readonly clientId: string;
      readonly clientName: string;
      readonly maxAgeMs: number;
      readonly observed: LeaderRow | undefined;
    },
    signal?: AbortSignal,
  ): Promise<LeaderRow | undefined>;
  /** Gives the lead up, if this client has it. */
  resign(clientId: string, signal?: AbortSignal): Promise<void>;
  /** The shards that may be read; `undefined` before the first leader. */
  readShardCache(signal?: AbortSignal): Promise<ShardCache | undefined>;
  /** Says which shards may be read: the leader alone does. */
  writeShardCache(shardIds: readonly string[], signal?: AbortSignal): Promise<ShardCache>;
  /**
   * When the application first started, in milliseconds since the Unix epoch. The first call ever
   * writes `nowMs`; every later one, from any client, returns what that wrote.
   */
  startedAtMs(nowMs: number, signal?: AbortSignal): Promise<number>;
}

/** What a table in DynamoDB is made of. */
export interface MetadataTableOptions {
  readonly api: ItemsApi;
  readonly tableName: string;
  readonly clock: Clock;
}

/** The metadata table in DynamoDB. */
export function createMetadataTable(options: MetadataTableOptions): MetadataTable {
  return new DynamoDbMetadataTable(options);
}

/** Reads the item `Leader` as any client wrote it, Go's or ours. */
export function parseLeaderRow(item: Item): LeaderRow {
  return {
    clientId: readString(item, "ID"),
    clientName: readString(item, "Name"),
    lastUpdate: readUpdate(item),
    maxAgeMs: readPositive(item, "MaxAgeMs"),
  };
}

/** Reads the item `ShardCache` as any client wrote it, Go's or ours. */
export function parseShardCache(item: Item): ShardCache {
  return {
    shardIds: [...readStrings(item, "ShardIDs")].sort(),
    lastUpdate: readUpdate(item),
  };
}

/** The three rows. */
type MetadataKey = "Leader" | "ShardCache" | "Application";

class DynamoDbMetadataTable implements MetadataTable {
  readonly #api: ItemsApi;
  readonly #tableName: string;
  readonly #clock: Clock;
  /** The `LastUpdate` that was last written here: the next one must differ. */
  #lastLead: string | undefined;
  #lastCache: string | undefined;

  constructor(options: MetadataTableOptions) {
    this.#api = options.api;
    this.#tableName = options.tableName;
    this.#clock = options.clock;
  }

  async readLeader(signal?: AbortSignal): Promise<LeaderRow | undefined> {
    const item = await this.#read("Leader", signal);
    return item === undefined ? undefined : parseLeaderRow(item);
  }

  async lead(
    request: Parameters<MetadataTable["lead"]>[0],
    signal?: AbortSignal,
  ): Promise<LeaderRow | undefined> {
    const { clientId, clientName, maxAgeMs, observed } = request;
    const previous = laterUpdate(this.#lastLead, observed?.lastUpdate);
    this.#lastLead = nextUpdate(this.#clock.nowMs(), previous);
    const expression = new Expression();
    const updateExpression = setAttributes(expression, {
      ID: { S: clientId },
      Name: { S: clientName },
      MaxAgeMs: { N: String(maxAgeMs) },
      ...updateAttributes(this.#lastLead),
    });
    // Rule: the leader may renew; another takes the lead only on the row that it decided on. A lost
    // answer needs no second look: the repeated call finds its own ID.
    const isMine = isString(expression, "ID", clientId);
    const conditionExpression = `${isMine} OR ${isObservedLead(expression, observed)}`;
    const item = await this.#write(
      "Leader",
      { updateExpression, conditionExpression, ...expression.placeholders() },
      signal,
    );
    return item === undefined ? undefined : parseLeaderRow(item);
  }

  async resign(clientId: string, signal?: AbortSignal): Promise<void> {
    const expression = new Expression();
    const updateExpression = removeAttributes(expression, ["ID", "Name"]);
    // Rule: only the leader resigns; who is not the leader has nothing to give up.
    const conditionExpression = isString(expression, "ID", clientId);
    await this.#write(
      "Leader",
      { updateExpression, conditionExpression, ...expression.placeholders() },
      signal,
    );
  }

  async readShardCache(signal?: AbortSignal): Promise<ShardCache | undefined> {
    const item = await this.#read("ShardCache", signal);
    return item === undefined ? undefined : parseShardCache(item);
  }

  async writeShardCache(shardIds: readonly string[], signal?: AbortSignal): Promise<ShardCache> {
    this.#lastCache = nextUpdate(this.#clock.nowMs(), this.#lastCache);
    const expression = new Expression();
    const updateExpression = setAttributes(expression, {
      ShardIDs: stringList([...new Set(shardIds)].sort()),
      ...updateAttributes(this.#lastCache),
    });
    const item = await this.#write(
      "ShardCache",
      { updateExpression, ...expression.placeholders() },
      signal,
    );
    return parseShardCache(item ?? {});
  }

  async startedAtMs(nowMs: number, signal?: AbortSignal): Promise<number> {
    const expression = new Expression();
    const updateExpression = setAttributes(expression, { StartedAtMs: { N: String(nowMs) } });
    // Rule: the application starts once; the first client to say so is believed for ever.
    const conditionExpression = isMissing(expression, "StartedAtMs");
    const item = (await this.#write(
      "Application",
      { updateExpression, conditionExpression, ...expression.placeholders() },
      signal,
    )) ?? (await this.#read("Application", signal));
    const startedAtMs = (item ?? {})["StartedAtMs"];
    // 0 is a value: the application is older than this row.
    if (startedAtMs !== undefined && "N" in startedAtMs && Number(startedAtMs.N) >= 0) {
      return Number(startedAtMs.N);
    }
    throw new KinsumerError(
      "MalformedAnswer",
      `Cannot tell when the application started: "Application" in table "${this.#tableName}" ` +
        "has no time",
    );
  }

  #read(key: MetadataKey, signal: AbortSignal | undefined): Promise<Item | undefined> {
    return this.#api.getItem({ tableName: this.#tableName, key: { Key: { S: key } } }, signal);
  }

  async #write(
    key: MetadataKey,
    update: Omit<UpdateRequest, "tableName" | "key">,
    signal: AbortSignal | undefined,
  ): Promise<Item | undefined> {
    const row = { tableName: this.#tableName, key: { Key: { S: key } } };
    return writtenItem(await this.#api.updateItem({ ...row, ...update }, signal), this.#tableName);
  }
}

/** Holds where the lead is as observed: unwritten since, and with the same client or with none. */
function isObservedLead(expression: Expression, observed: LeaderRow | undefined): string {
  if (observed === undefined) return isMissing(expression, "Key");
  const isUnwritten = isUnchanged(expression, { hashKey: "Key", lastUpdate: observed.lastUpdate });
  return `(${isUnwritten} AND ${isAsRead(expression, "ID", observed.clientId)})`;
}
