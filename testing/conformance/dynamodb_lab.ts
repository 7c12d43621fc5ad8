/**
 * Does what the probes of a table have in common: makes one, writes and reads its rows, over the
 * operations of the service.
 *
 * @module
 */

import { type Fields, type Reply, type Subject, Unexpected } from "./observation.ts";

const CHANGE_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 10;
let tableCount = 0;

/** A conditional update: `#n` and `:v` are attribute and value of the condition. */
export interface Update {
  readonly key?: string;
  readonly update: string;
  readonly condition?: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values?: Fields;
  readonly more?: Fields;
}

/** One table of a subject, whose hash key is the string `K`. */
export class TableLab {
  readonly subject: Subject;
  readonly tableName: string;

  private constructor(subject: Subject, tableName: string) {
    this.subject = subject;
    this.tableName = tableName;
  }

  /** A new table. */
  static async open(subject: Subject, more: Fields = {}): Promise<TableLab> {
    const tableName = `probe-${Date.now().toString(36)}-${tableCount++}`;
    const lab = new TableLab(subject, tableName);
    await lab.must("CreateTable", { ...lab.schema, ...more });
    await lab.untilActive();
    return lab;
  }

  get schema(): Fields {
    return {
      AttributeDefinitions: [{ AttributeName: "K", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "K", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    };
  }

  async describe(): Promise<Fields> {
    return (await this.must("DescribeTable", {}))["Table"] as Fields;
  }

  async untilActive(): Promise<void> {
    for (let waitedMs = 0; waitedMs < CHANGE_TIMEOUT_MS; waitedMs += POLL_INTERVAL_MS) {
      if ((await this.describe())["TableStatus"] === "ACTIVE") return;
      await this.subject.pause(POLL_INTERVAL_MS);
    }
    throw new Error(`Table "${this.tableName}" does not become active`);
  }

  ask(operation: string, input: Fields): Promise<Reply> {
    return this.subject.ask(operation, { TableName: this.tableName, ...input });
  }

  async must(operation: string, input: Fields): Promise<Fields> {
    const reply = await this.ask(operation, input);
    if (reply.status !== 200) throw new Unexpected(operation, reply);
    return reply.body;
  }

  /** An UpdateItem of the row `row`, or of another. */
  update({ key = "row", update, condition, names, values, more }: Update): Promise<Reply> {
    return this.ask("UpdateItem", {
      Key: { K: { S: key } },
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
      ReturnValues: "ALL_NEW",
      ...more,
    });
  }

  /** Writes one attribute of a row. */
  async set(attribute: string, value: Fields, key: string = "row"): Promise<void> {
    const reply = await this.update({
      key,
      update: "SET #a = :a",
      names: { "#a": attribute },
      values: { ":a": value },
    });
    if (reply.status !== 200) throw new Unexpected("UpdateItem", reply);
  }

  /** A row; `undefined` where there is none. */
  async get(key: string = "row"): Promise<Fields | undefined> {
    const input = { Key: { K: { S: key } }, ConsistentRead: true };
    return (await this.must("GetItem", input))["Item"] as Fields | undefined;
  }
}
