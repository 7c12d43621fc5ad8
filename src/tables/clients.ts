/**
 * Remembers who is in the fleet: the clients table, one row a client.
 *
 * Rows are those of the Go library, with some attributes of ours that Go ignores: `MaxAgeMs`,
 * `Incarnation`, `Assignment`, `Leaving`, `Leads`, `WitnessedMs` and `WitnessedUpdate`.
 *
 * @module
 */

import type { AttributeValue, Item, ItemsApi } from "../aws/dynamodb_api.ts";
import { KinsumerError } from "../errors.ts";
import type { ClientRow } from "../model.ts";
import type { Clock } from "../runtime.ts";
import type { BeatingClient, BeatOutcome, ClientsTable } from "./clients_api.ts";
import {
  exists,
  Expression,
  isString,
  isUnchanged,
  setAttributes,
  writtenItem,
} from "./expression.ts";
import {
  decodeAssignment,
  encodeAssignment,
  nextUpdate,
  readBoolean,
  readNanoseconds,
  readPositive,
  readString,
  readUpdate,
  updateAttributes,
} from "./item.ts";

/** A registration fails only against another one, or against a clock that is ahead, and that once. */
const MAX_REGISTER_ATTEMPTS = 5;

/** What a table in DynamoDB is made of. */
export interface ClientsTableOptions {
  readonly api: ItemsApi;
  readonly tableName: string;
  readonly clock: Clock;
}

/** The clients table in DynamoDB. */
export function createClientsTable(options: ClientsTableOptions): ClientsTable {
  return new DynamoDbClientsTable(options);
}

/** Reads a row as any client wrote it, Go's or ours. */
export function parseClientRow(item: Item): ClientRow {
  const assignment = item["Assignment"];
  const incarnation = readString(item, "Incarnation");
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
    ...(incarnation !== undefined && { incarnation }),
    ...witnessed(item),
  };
}

/** What was witnessed before the last beat is void. */
function witnessed(item: Item): Pick<ClientRow, "witnessedMs"> {
  const witnessedMs = readPositive(item, "WitnessedMs");
  const isCurrent = readNanoseconds(item, "WitnessedUpdate") === readUpdate(item);
  return witnessedMs === undefined || !isCurrent ? {} : { witnessedMs };
}

/** Holds where there is no row, or its last beat is older than this one. */
function isBefore(expression: Expression, lastUpdate: AttributeValue): string {
  const name = expression.name("LastUpdate");
  const hasNone = `NOT attribute_type(${name}, ${expression.value({ S: "N" })})`;
  return `(${hasNone} OR ${name} < ${expression.value(lastUpdate)})`;
}

/** Holds where nobody has added to what was witnessed since it was read. */
function isAsWitnessed(expression: Expression, observed: ClientRow): string {
  if (observed.witnessedMs !== undefined) {
    return `${expression.name("WitnessedMs")} = ${
      expression.value({ N: String(observed.witnessedMs) })
    }`;
  }
  const update = expression.name("WitnessedUpdate");
  const current = expression.value({ N: observed.lastUpdate });
  return `(attribute_not_exists(${update}) OR ${update} <> ${current})`;
}

class DynamoDbClientsTable implements ClientsTable {
  readonly #api: ItemsApi;
  readonly #tableName: string;
  readonly #clock: Clock;
  /** The `LastUpdate` that was last written here, by client: the next one must differ. */
  readonly #lastUpdates = new Map<string, string>();

  constructor(options: ClientsTableOptions) {
    this.#api = options.api;
    this.#tableName = options.tableName;
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
    const expression = new Expression();
    const attributes = this.#beatAttributes(client);
    const updateExpression = setAttributes(expression, attributes);
    // Rule: a beat keeps alive only the row of its own process; it never brings a row back. One that
    // arrives late, or twice, does not put an old date back: who saw that before would see no beat.
    const isOwn = isString(expression, "Incarnation", client.incarnation);
    const conditionExpression = `${isOwn} AND ${isBefore(expression, attributes["LastUpdate"]!)}`;
    const outcome = await this.#api.updateItem(
      {
        ...this.#row(client.clientId),
        updateExpression,
        conditionExpression,
        ...expression.placeholders(),
      },
      signal,
    );
    const item = writtenItem(outcome, this.#tableName);
    if (item !== undefined) return { outcome: "beaten", row: parseClientRow(item) };
    return this.#whyNotBeaten(client, signal);
  }

  async read(clientId: string, signal?: AbortSignal): Promise<ClientRow | undefined> {
    const item = await this.#api.getItem(this.#row(clientId), signal);
    return item === undefined ? undefined : parseClientRow(item);
  }

  async list(signal?: AbortSignal): Promise<readonly ClientRow[]> {
    const items = await this.#api.scan({ tableName: this.#tableName }, signal);
    return items.map(parseClientRow);
  }

  async assign(
    assignment: { readonly clientId: string; readonly shardIds: readonly string[] },
    signal?: AbortSignal,
  ): Promise<boolean> {
    const expression = new Expression();
    const updateExpression = setAttributes(expression, {
      Assignment: { S: encodeAssignment(assignment.shardIds) },
    });
    // Rule: only a client of the fleet is given shards; an assignment never makes a row.
    const conditionExpression = exists(expression, "ID");
    const { outcome } = await this.#api.updateItem(
      {
        ...this.#row(assignment.clientId),
        updateExpression,
        conditionExpression,
        ...expression.placeholders(),
      },
      signal,
    );
    return outcome === "applied";
  }

  async remove(observed: ClientRow, signal?: AbortSignal): Promise<boolean> {
    const expression = new Expression();
    // Rule: dead is who has not beaten since the row was observed, not who has an old date.
    const conditionExpression = isUnchanged(expression, {
      hashKey: "ID",
      lastUpdate: observed.lastUpdate,
    });
    const { outcome } = await this.#api.deleteItem(
      { ...this.#row(observed.clientId), conditionExpression, ...expression.placeholders() },
      signal,
    );
    return outcome === "applied";
  }

  async witness(
    observed: ClientRow,
    witnessedMs: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const expression = new Expression();
    const updateExpression = setAttributes(expression, {
      WitnessedMs: { N: String(Math.floor(witnessedMs)) },
      WitnessedUpdate: { N: observed.lastUpdate },
    });
    // Rule: one observer after the other. Who adds to what it has read adds no time that another has
    // added meanwhile, and none to a row that has beaten.
    const row = { hashKey: "ID", lastUpdate: observed.lastUpdate };
    const before = isAsWitnessed(expression, observed);
    const conditionExpression = `${isUnchanged(expression, row)} AND ${before}`;
    const { outcome } = await this.#api.updateItem(
      {
        ...this.#row(observed.clientId),
        updateExpression,
        conditionExpression,
        ...expression.placeholders(),
      },
      signal,
    );
    return outcome === "applied";
  }

  /** @returns `undefined` where the row's date is not before this one's: the next one will be */
  async #register(client: BeatingClient, signal?: AbortSignal): Promise<ClientRow | undefined> {
    const expression = new Expression();
    const attributes = this.#beatAttributes(client);
    const sent = attributes["LastUpdate"]!;
    // Rule: the process that registers last has the ID, an earlier one meets "conflict". What arrives
    // late, or twice, takes nothing back: it is older than what is there.
    const incarnation = { S: client.incarnation };
    const updateExpression = setAttributes(expression, { ...attributes, Incarnation: incarnation });
    const conditionExpression = isBefore(expression, sent);
    const row = this.#row(client.clientId);
    const outcome = await this.#api.updateItem(
      { ...row, updateExpression, conditionExpression, ...expression.placeholders() },
      signal,
    );
    const item = writtenItem(outcome, this.#tableName);
    if (item !== undefined) return parseClientRow(item);
    const found = await this.#api.getItem(row, signal) ?? {};
    const lastUpdate = readUpdate(found);
    const isOwn = readString(found, "Incarnation") === client.incarnation;
    if (isOwn && lastUpdate === readUpdate({ LastUpdate: sent })) return parseClientRow(found);
    // Written by a process whose clock is ahead of this one's: its date counts on.
    this.#lastUpdates.set(client.clientId, lastUpdate);
    return undefined;
  }

  async #whyNotBeaten(client: BeatingClient, signal?: AbortSignal): Promise<BeatOutcome> {
    const item = await this.#api.getItem(this.#row(client.clientId), signal);
    if (item === undefined) return { outcome: "expelled" };
    // Another call of this process may have registered again between the beat and this read.
    const isMine = readString(item, "Incarnation") === client.incarnation;
    return isMine ? { outcome: "beaten", row: parseClientRow(item) } : { outcome: "conflict" };
  }

  #beatAttributes(client: BeatingClient): Item {
    const previous = this.#lastUpdates.get(client.clientId);
    const lastUpdate = nextUpdate(this.#clock.nowMs(), previous);
    this.#lastUpdates.set(client.clientId, lastUpdate);
    return {
      Name: { S: client.clientName },
      MaxAgeMs: { N: String(client.maxAgeMs) },
      Leaving: { BOOL: client.isLeaving },
      Leads: { N: String(client.ledClientCount ?? 0) },
      ...updateAttributes(lastUpdate),
    };
  }

  #row(clientId: string): { readonly tableName: string; readonly key: Item } {
    return { tableName: this.#tableName, key: { ID: { S: clientId } } };
  }
}
