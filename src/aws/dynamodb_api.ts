/**
 * What is asked of DynamoDB, and what it answers: the port that the tables stand on.
 *
 * @module
 */

/** A value as DynamoDB writes it. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly L: readonly AttributeValue[] };

/** One row, as DynamoDB writes it. */
export type Item = { readonly [attribute: string]: AttributeValue };

/** A conditional write's condition and expressions. */
export interface UpdateRequest {
  readonly tableName: string;
  readonly key: Item;
  readonly updateExpression: string;
  readonly conditionExpression?: string | undefined;
  readonly attributeNames?: { readonly [placeholder: string]: string } | undefined;
  readonly attributeValues?: { readonly [placeholder: string]: AttributeValue } | undefined;
}

/** A conditional write that failed its condition is an outcome, not an error. */
export type WriteOutcome =
  /** `item` is the whole row after the write; absent after a delete. */
  | { readonly outcome: "applied"; readonly item?: Item | undefined }
  | { readonly outcome: "conditionFailed" };

/** What DescribeTable says. */
export interface TableDescription {
  /** `CREATING`, `UPDATING`, `DELETING`, `ACTIVE`, …; ACTIVE and UPDATING can be used. */
  readonly status: string;
  /** Whether it is protected from deletion; absent: the service does not say. */
  readonly isDeletionProtected?: boolean | undefined;
}

/** How a table is made. */
export interface CreateTableRequest {
  readonly tableName: string;
  /** The string hash key. */
  readonly hashKey: string;
  /** Absent: on-demand (`PAY_PER_REQUEST`). */
  readonly provisioned?: { readonly readUnits: number; readonly writeUnits: number } | undefined;
  readonly tags?: { readonly [key: string]: string } | undefined;
  readonly isDeletionProtected?: boolean | undefined;
}

/**
 * The calls that rows take. Reads are strongly consistent. Every method rejects with a
 * `KinsumerError` for anything but a failed condition.
 */
export interface ItemsApi {
  getItem(
    request: { readonly tableName: string; readonly key: Item },
    signal?: AbortSignal,
  ): Promise<Item | undefined>;
  /** Any number of keys, each named once: split into calls of 100, unprocessed keys asked for again. */
  batchGetItem(
    request: { readonly tableName: string; readonly keys: readonly Item[] },
    signal?: AbortSignal,
  ): Promise<readonly Item[]>;
  /** Every row of the table, page by page. */
  scan(
    request: { readonly tableName: string },
    signal?: AbortSignal,
  ): Promise<readonly Item[]>;
  updateItem(request: UpdateRequest, signal?: AbortSignal): Promise<WriteOutcome>;
  deleteItem(
    request: Omit<UpdateRequest, "updateExpression">,
    signal?: AbortSignal,
  ): Promise<WriteOutcome>;
}

/** The calls that rows take, and those that the tables themselves take. */
export interface DynamoDbApi extends ItemsApi {
  /** Resolves false when the table exists already. */
  createTable(request: CreateTableRequest, signal?: AbortSignal): Promise<boolean>;
  /** Resolves false when there is no such table. */
  deleteTable(request: { readonly tableName: string }, signal?: AbortSignal): Promise<boolean>;
  /**
   * Turns point-in-time recovery on, if it is not. Resolves false where the service knows none.
   * Absent: it knows none.
   */
  enableRecovery?(request: { readonly tableName: string }, signal?: AbortSignal): Promise<boolean>;
  /** Resolves `undefined` when there is no such table. */
  describeTable(
    request: { readonly tableName: string },
    signal?: AbortSignal,
  ): Promise<TableDescription | undefined>;
}
