/**
 * Remembers who is in the fleet: the clients table, one row a client.
 *
 * Rows are those of the Go library, with some attributes of ours that Go ignores: `MaxAgeMs`,
 * `Incarnation`, `Assignment`, `Leaving`, `Leads`, `WitnessedMs` and `WitnessedUpdate`.
 *
 * @module
 */

import type { Item } from "../aws/dynamodb_api.ts";
import { KinsumerError } from "../errors.ts";
import type { ClientRow } from "../model.ts";
import type { Clock } from "../runtime.ts";
import type { BeatingClient, BeatOutcome, ClientsTable } from "./clients_api.ts";
import { isUnchanged, type Values } from "./expression.ts";
import {
  decodeAssignment,
  encodeAssignment,
  nextUpdate,
  readBoolean,
  readDigits,
  readPositive,
  readString,
  readUpdate,
  updateAttributes,
} from "./item.ts";
import { Rows, type RowsOptions } from "./rows.ts";

/** A registration fails only against another one, or against a clock that is ahead, and that once. */
const MAX_REGISTER_ATTEMPTS = 5;

/** What a table in DynamoDB is made of. */
export interface ClientsTableOptions extends RowsOptions {
  readonly clock: Clock;
}

/** The clients table in DynamoDB. */
export function createClientsTable(options: ClientsTableOptions): ClientsTable {
  return new DynamoDbClientsTable(options);
}

/** Reads a row as any client wrote it, Go's or ours. */
export function parseClientRow(item: Item): ClientRow {
  const assignment = item["Assignment"];
  return {
    clientId: readString(item, "ID") ?? "",
    clientName: readString(item, "Name"),
    lastUpdate: readUpdate(item),
    maxAgeMs: readPositive(item, "MaxAgeMs"),
    // Here "" is not "nothing": it is the assignment of no shard.
    assignedShardIds: assignment !== undefined && "S" in assignment
      ? decodeAssignment(assignment.S)
      : undefined,
    isLeaving: readBoolean(item, "Leaving"),
    ledClientCount: readPositive(item, "Leads"),
    incarnation: readString(item, "Incarnation"),
    // What was witnessed before the last beat is void.
    witnessedMs: readDigits(item, "WitnessedUpdate") === readUpdate(item)
      ? readPositive(item, "WitnessedMs")
      : undefined,
  };
}

/** Holds where there is no row, or its last beat is older than the one that is written. */
const IS_BEFORE = "(NOT attribute_type(#LastUpdate, :number) OR #LastUpdate < :LastUpdate)";

class DynamoDbClientsTable implements ClientsTable {
  readonly #rows: Rows;
  readonly #clock: Clock;
  /** The `LastUpdate` that was last written here, by client: the next one must differ. */
  readonly #lastUpdates = new Map<string, string>();

  constructor(options: ClientsTableOptions) {
    this.#rows = new Rows(options, "ID");
    this.#clock = options.clock;
  }

  async register(client: BeatingClient, signal?: AbortSignal): Promise<ClientRow> {
    for (let attempts = 1; attempts <= MAX_REGISTER_ATTEMPTS; attempts++) {
      const row = await this.#register(client, signal);
      if (row !== undefined) return row;
    }
    throw new KinsumerError(
      "ClientIdInUse",
      `Cannot register client "${client.clientId}": another process registers under this ID`,
      { operation: "register" },
    );
  }

  async beat(client: BeatingClient, signal?: AbortSignal): Promise<BeatOutcome> {
    const { clientId, incarnation } = client;
    // Rule: a beat keeps alive only the row of its own process; it never brings a row back. One that
    // arrives late, or twice, does not put an old date back: who saw that before would see no beat.
    const condition = `#Incarnation = :Incarnation AND ${IS_BEFORE}`;
    const change = { set: this.#beatAttributes(client), condition };
    const row = await this.#rows.write(clientId, change, signal).then(parsed) ??
      await this.read(clientId, signal);
    if (row === undefined) return { outcome: "expelled" };
    // Another call of this process may have registered again between the beat and this read.
    return row.incarnation === incarnation ? { outcome: "beaten", row } : { outcome: "conflict" };
  }

  async read(clientId: string, signal?: AbortSignal): Promise<ClientRow | undefined> {
    return parsed(await this.#rows.read(clientId, signal));
  }

  async list(signal?: AbortSignal): Promise<readonly ClientRow[]> {
    return (await this.#rows.list(signal)).map(parseClientRow);
  }

  async assign(
    assignment: { readonly clientId: string; readonly shardIds: readonly string[] },
    signal?: AbortSignal,
  ): Promise<boolean> {
    const set = { Assignment: encodeAssignment(assignment.shardIds) };
    // Rule: only a client of the fleet is given shards; an assignment never makes a row.
    const change = { set, condition: "attribute_exists(#ID)" };
    return await this.#rows.write(assignment.clientId, change, signal) !== undefined;
  }

  remove({ clientId, lastUpdate }: ClientRow, signal?: AbortSignal): Promise<boolean> {
    // Rule: dead is who has not beaten since the row was observed, not who has an old date.
    const condition = isUnchanged("ID", lastUpdate);
    const values = { observed: { N: lastUpdate } };
    return this.#rows.remove(clientId, { condition, values }, signal);
  }

  async witness(
    { clientId, lastUpdate, witnessedMs: before }: ClientRow,
    witnessedMs: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    // Rule: one observer after the other. Who adds to what it has read adds no time that another has
    // added meanwhile, and none to a row that has beaten.
    const isAsWitnessed = before === undefined
      ? "(attribute_not_exists(#WitnessedUpdate) OR #WitnessedUpdate <> :observed)"
      : "#WitnessedMs = :before";
    const change = {
      set: { WitnessedMs: witnessedMs, WitnessedUpdate: { N: lastUpdate } },
      condition: `${isUnchanged("ID", lastUpdate)} AND ${isAsWitnessed}`,
      values: { observed: { N: lastUpdate }, before },
    };
    return await this.#rows.write(clientId, change, signal) !== undefined;
  }

  /** @returns `undefined` where the row's date is not before this one's: the next one will be */
  async #register(client: BeatingClient, signal?: AbortSignal): Promise<ClientRow | undefined> {
    const { clientId, incarnation } = client;
    const set = this.#beatAttributes(client);
    const sent = this.#lastUpdates.get(clientId);
    // Rule: the process that registers last has the ID, an earlier one meets "conflict". What arrives
    // late, or twice, takes nothing back: it is older than what is there.
    const written = await this.#rows.write(clientId, { set, condition: IS_BEFORE }, signal);
    const row = parseClientRow(written ?? await this.#rows.read(clientId, signal) ?? {});
    if (row.incarnation === incarnation && row.lastUpdate === sent) return row;
    // Written by a process whose clock is ahead of this one's: its date counts on.
    this.#lastUpdates.set(clientId, row.lastUpdate);
    return undefined;
  }

  #beatAttributes(client: BeatingClient): Values {
    const { clientId, clientName, incarnation, isLeaving, ledClientCount = 0, maxAgeMs } = client;
    const lastUpdate = nextUpdate(this.#clock.nowMs(), this.#lastUpdates.get(clientId));
    this.#lastUpdates.set(clientId, lastUpdate);
    return {
      Name: clientName,
      MaxAgeMs: maxAgeMs,
      Leaving: isLeaving,
      Leads: ledClientCount,
      Incarnation: incarnation,
      ...updateAttributes(lastUpdate),
    };
  }
}

function parsed(item: Item | undefined): ClientRow | undefined {
  return item && parseClientRow(item);
}
