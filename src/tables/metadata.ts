/**
 * Remembers who leads, which shards may be read, and when the application first started: the
 * metadata table, one row each.
 *
 * @module
 */

import type { Item } from "../aws/dynamodb_api.ts";
import { KinsumerError } from "../errors.ts";
import type { LeaderRow, ShardCache } from "../model.ts";
import type { Clock } from "../runtime.ts";
import { type Change, isAsRead, isUnchanged } from "./expression.ts";
import {
  laterUpdate,
  nextUpdate,
  readDigits,
  readPositive,
  readString,
  readStrings,
  readUpdate,
  stringList,
  updateAttributes,
} from "./item.ts";
import { Rows, type RowsOptions } from "./rows.ts";

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
export interface MetadataTableOptions extends RowsOptions {
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

class DynamoDbMetadataTable implements MetadataTable {
  readonly #rows: Rows;
  readonly #tableName: string;
  readonly #clock: Clock;
  /** The `LastUpdate` that was last written here: the next one must differ. */
  #lastLead: string | undefined;
  #lastCache: string | undefined;

  constructor(options: MetadataTableOptions) {
    this.#rows = new Rows(options, "Key");
    this.#tableName = options.tableName;
    this.#clock = options.clock;
  }

  async readLeader(signal?: AbortSignal): Promise<LeaderRow | undefined> {
    const item = await this.#rows.read("Leader", signal);
    return item && parseLeaderRow(item);
  }

  async lead(
    request: Parameters<MetadataTable["lead"]>[0],
    signal?: AbortSignal,
  ): Promise<LeaderRow | undefined> {
    const { clientId, clientName, maxAgeMs, observed } = request;
    const previous = laterUpdate(this.#lastLead, observed?.lastUpdate);
    this.#lastLead = nextUpdate(this.#clock.nowMs(), previous);
    const before = isObservedLead(observed);
    // Rule: the leader may renew; another takes the lead only on the row that it decided on. A lost
    // answer needs no second look: the repeated call finds its own ID.
    const change = {
      set: {
        ID: clientId,
        Name: clientName,
        MaxAgeMs: maxAgeMs,
        ...updateAttributes(this.#lastLead),
      },
      condition: `#ID = :ID OR ${before.condition}`,
      values: before.values,
    };
    const item = await this.#rows.write("Leader", change, signal);
    return item && parseLeaderRow(item);
  }

  async resign(clientId: string, signal?: AbortSignal): Promise<void> {
    // Rule: only the leader resigns; who is not the leader has nothing to give up.
    const isMine = { condition: "#ID = :own", values: { own: clientId } };
    await this.#rows.write("Leader", { remove: ["ID", "Name"], ...isMine }, signal);
  }

  async readShardCache(signal?: AbortSignal): Promise<ShardCache | undefined> {
    const item = await this.#rows.read("ShardCache", signal);
    return item && parseShardCache(item);
  }

  async writeShardCache(shardIds: readonly string[], signal?: AbortSignal): Promise<ShardCache> {
    this.#lastCache = nextUpdate(this.#clock.nowMs(), this.#lastCache);
    const set = {
      ShardIDs: stringList([...new Set(shardIds)].sort()),
      ...updateAttributes(this.#lastCache),
    };
    return parseShardCache(await this.#rows.write("ShardCache", { set }, signal) ?? {});
  }

  async startedAtMs(nowMs: number, signal?: AbortSignal): Promise<number> {
    const set = { StartedAtMs: nowMs };
    // Rule: the application starts once; the first client to say so is believed for ever.
    const change = { set, condition: "attribute_not_exists(#StartedAtMs)" };
    const item = await this.#rows.write("Application", change, signal) ??
      await this.#rows.read("Application", signal);
    // 0 is a value: the application is older than this row.
    const startedAtMs = readDigits(item ?? {}, "StartedAtMs");
    if (startedAtMs !== undefined) return Number(startedAtMs);
    throw new KinsumerError(
      "MalformedAnswer",
      `Cannot tell when the application started: "Application" in table "${this.#tableName}" ` +
        "has no time",
    );
  }
}

/** Holds where the lead is as observed: unwritten since, and with the same client or with none. */
function isObservedLead(observed: LeaderRow | undefined): Change {
  if (observed === undefined) return { condition: "attribute_not_exists(#Key)" };
  const { lastUpdate, clientId: was } = observed;
  return {
    condition: `(${isUnchanged("Key", lastUpdate)} AND ${isAsRead("ID", was)})`,
    values: { observed: { N: lastUpdate }, was },
  };
}
