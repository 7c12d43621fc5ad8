/**
 * Remembers tables in memory and answers for them as DynamoDB does, so that the same table code
 * runs on it as on the real service.
 *
 * @module
 */

import type {
  CreateTableRequest,
  DynamoDbApi,
  Item,
  TableDescription,
  UpdateRequest,
  WriteOutcome,
} from "../../src/aws/dynamodb_api.ts";
import { KinsumerError } from "../../src/errors.ts";
import type { Clock } from "../../src/runtime.ts";
import { type ChannelOptions, createChannel } from "./channel.ts";
import { parseWrite } from "./expressions.ts";

/** A write that changed a row. */
export interface RowChange {
  readonly tableName: string;
  readonly key: string;
  /** Absent: there was no row. */
  readonly before: Item | undefined;
  /** Absent: the row was deleted. */
  readonly after: Item | undefined;
}

/** A database in memory. */
export interface SimulatedDynamoDb {
  /** The database as one client reaches it. */
  view(options?: ChannelOptions): DynamoDbApi;
  /** Every row of a table, in order of their keys. */
  rows(tableName: string): readonly Item[];
  /** Makes a table at once. */
  create(request: CreateTableRequest): boolean;
  /**
   * Puts a whole row, as a PutItem of another program would, at once.
   *
   * @returns whether the condition held
   */
  putRow(tableName: string, item: Item, condition?: WriteCondition): boolean;
  /** Calls back after each write that changed a row, in order. */
  onChange(listener: (change: RowChange) => void): void;
}

/** What must hold of the row that a write replaces; empty: nothing. */
export type WriteCondition = Pick<
  UpdateRequest,
  "conditionExpression" | "attributeNames" | "attributeValues"
>;

/** What there is to choose. */
export interface SimulatedDynamoDbOptions {
  readonly clock: Clock;
  /** How long a new table stays CREATING, in milliseconds. @default {0} */
  readonly createTableMs?: number;
  /** How long an old table stays DELETING, in milliseconds. @default {0} */
  readonly deleteTableMs?: number;
}

/** Makes a database without tables. */
export function createSimulatedDynamoDb(options: SimulatedDynamoDbOptions): SimulatedDynamoDb {
  const database = new Database(options);
  return {
    view: (channelOptions = {}) => createApi(database, { clock: options.clock, channelOptions }),
    create: (request) => database.create(request),
    rows: (tableName) => database.table(tableName).sorted(),
    putRow: (tableName, item, condition) => database.put(tableName, item, condition),
    onChange: (listener) => void database.listeners.push(listener),
  };
}

function createApi(
  database: Database,
  options: { readonly clock: Clock; readonly channelOptions: ChannelOptions },
): DynamoDbApi {
  const call = createChannel({ clock: options.clock }, options.channelOptions);
  return {
    getItem: (args, signal) =>
      call(
        { operation: "GetItem", args, signal },
        () => database.table(args.tableName).get(args.key),
      ),
    batchGetItem: (args, signal) =>
      call({ operation: "BatchGetItem", args, signal }, () => {
        const table = database.table(args.tableName);
        return args.keys.map((key) => table.get(key)).filter((item) => item !== undefined);
      }),
    scan: (args, signal) =>
      call({ operation: "Scan", args, signal }, () => database.table(args.tableName).sorted()),
    updateItem: (args, signal) =>
      call({ operation: "UpdateItem", args, signal }, () => database.write(args)),
    deleteItem: (args, signal) =>
      call({ operation: "DeleteItem", args, signal }, () => database.write(args)),
    createTable: (args, signal) =>
      call({ operation: "CreateTable", args, signal }, () => database.create(args)),
    deleteTable: (args, signal) =>
      call({ operation: "DeleteTable", args, signal }, () => database.delete(args.tableName)),
    describeTable: (args, signal) =>
      call({ operation: "DescribeTable", args, signal }, () => database.describe(args.tableName)),
  };
}

class Table {
  readonly hashKey: string;
  readonly usableFromMs: number;
  /** By this monotonic time the table is gone. */
  goneFromMs: number | undefined;
  readonly #items = new Map<string, Item>();

  constructor(hashKey: string, usableFromMs: number) {
    this.hashKey = hashKey;
    this.usableFromMs = usableFromMs;
  }

  keyOf(item: Item): string {
    const value = item[this.hashKey];
    if (value !== undefined && "S" in value && value.S !== "") return value.S;
    throw rejected("ValidationException", `the key "${this.hashKey}" is not a string`);
  }

  get(key: Item): Item | undefined {
    return this.#items.get(this.keyOf(key));
  }

  replace(key: string, item: Item | undefined): void {
    if (item === undefined) this.#items.delete(key);
    else this.#items.set(key, item);
  }

  sorted(): readonly Item[] {
    return [...this.#items].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, item]) =>
      item
    );
  }
}

class Database {
  readonly listeners: ((change: RowChange) => void)[] = [];
  readonly #options: SimulatedDynamoDbOptions;
  readonly #tables = new Map<string, Table>();

  constructor(options: SimulatedDynamoDbOptions) {
    this.#options = options;
  }

  table(tableName: string): Table {
    const table = this.#tables.get(tableName);
    if (table !== undefined && this.describe(tableName)?.status === "ACTIVE") return table;
    throw new KinsumerError("TableNotFound", `Cannot find table "${tableName}"`, {
      awsCode: "ResourceNotFoundException",
      httpStatus: 400,
    });
  }

  write(request: Omit<UpdateRequest, "updateExpression"> & Partial<UpdateRequest>): WriteOutcome {
    const table = this.table(request.tableName);
    const key = table.keyOf(request.key);
    const before = table.get(request.key);
    const write = parseWrite(request);
    if (!write.holds(before ?? {})) return { outcome: "conditionFailed" };
    const isUpdate = request.updateExpression !== undefined;
    const after = isUpdate ? write.apply(before ?? request.key) : undefined;
    this.#change({ tableName: request.tableName, key, before, after });
    return after === undefined ? { outcome: "applied" } : { outcome: "applied", item: after };
  }

  put(tableName: string, item: Item, condition: WriteCondition = {}): boolean {
    const table = this.table(tableName);
    const before = table.get(item);
    if (!parseWrite(condition).holds(before ?? {})) return false;
    this.#change({ tableName, key: table.keyOf(item), before, after: item });
    return true;
  }

  create(request: CreateTableRequest): boolean {
    if (this.describe(request.tableName) !== undefined) return false;
    const usableFromMs = this.#nowMs() + (this.#options.createTableMs ?? 0);
    this.#tables.set(request.tableName, new Table(request.hashKey, usableFromMs));
    return true;
  }

  delete(tableName: string): boolean {
    const found = this.describe(tableName);
    if (found === undefined) return false;
    if (found.status === "CREATING") throw rejected("ResourceInUseException", "it is CREATING");
    const table = this.#tables.get(tableName);
    if (table !== undefined) {
      table.goneFromMs ??= this.#nowMs() + (this.#options.deleteTableMs ?? 0);
    }
    return true;
  }

  describe(tableName: string): TableDescription | undefined {
    const table = this.#tables.get(tableName);
    if (table === undefined) return undefined;
    if (table.goneFromMs !== undefined && table.goneFromMs <= this.#nowMs()) {
      this.#tables.delete(tableName);
      return undefined;
    }
    if (table.goneFromMs !== undefined) return { status: "DELETING" };
    return { status: table.usableFromMs <= this.#nowMs() ? "ACTIVE" : "CREATING" };
  }

  #change(change: RowChange): void {
    this.#tables.get(change.tableName)?.replace(change.key, change.after);
    if (change.before === undefined && change.after === undefined) return;
    for (const listener of this.listeners) listener(change);
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function rejected(awsCode: string, state: string): KinsumerError {
  const facts = { awsCode, httpStatus: 400 };
  return new KinsumerError("RequestRejected", `Cannot carry out a request: ${state}`, facts);
}
