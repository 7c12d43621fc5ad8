/**
 * Speaks to the local Kinesis and DynamoDB for the stand-in and the observer: plain `fetch`, apart
 * from the library's own wire, so that a fault of the one is not hidden by the same in the other.
 *
 * @module
 */

/** An attribute value as DynamoDB's JSON writes it. */
export type Value =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly NULL: true }
  | { readonly BOOL: boolean }
  | { readonly L: readonly Value[] };
/** A row. */
export type Row = Readonly<Record<string, Value>>;

/** Where the servers are. */
export interface Endpoints {
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly region: string;
}

/** The service refused; `code` is the short name of its exception. */
export class WireError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** Makes one call: the operation's name and input, as the services document them. */
export type Ask = <Answer>(operation: string, input: unknown) => Promise<Answer>;

/** Calls of Kinesis. */
export function askKinesis({ kinesisEndpoint, region }: Endpoints): Ask {
  return asker(kinesisEndpoint, { service: "kinesis", target: "Kinesis_20131202.", region });
}

/** Calls of DynamoDB. */
export function askDynamoDb({ dynamodbEndpoint, region }: Endpoints): Ask {
  return asker(dynamodbEndpoint, { service: "dynamodb", target: "DynamoDB_20120810.", region });
}

const TIMEOUT_MS = 10_000;

function asker(
  endpoint: string,
  { service, target, region }: { service: string; target: string; region: string },
): Ask {
  return async <Answer>(operation: string, input: unknown): Promise<Answer> => {
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "Content-Type": service === "kinesis"
          ? "application/x-amz-json-1.1"
          : "application/x-amz-json-1.0",
        "X-Amz-Target": target + operation,
        "X-Amz-Date": date,
        // The local servers want a signature, and check none.
        Authorization: `AWS4-HMAC-SHA256 Credential=local/${scope}, ` +
          "SignedHeaders=host;x-amz-date, Signature=00",
      },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    const answer = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    if (response.ok) return answer as Answer;
    const code = String(answer["__type"] ?? response.status).split("#").at(-1)!;
    throw new WireError(code, String(answer["message"] ?? answer["Message"] ?? ""));
  };
}

/** Whether a write failed its condition. */
export function isConditionFailure(error: unknown): boolean {
  return error instanceof WireError && error.code === "ConditionalCheckFailedException";
}

/** Every row of a table that a filter leaves. */
export async function scanAll(
  ask: Ask,
  tableName: string,
  filter: Readonly<Record<string, unknown>> = {},
): Promise<Row[]> {
  const rows: Row[] = [];
  let from: Row | undefined;
  do {
    const input = { TableName: tableName, ConsistentRead: true, ...filter };
    const page: { Items?: Row[]; LastEvaluatedKey?: Row } = await ask("Scan", {
      ...input,
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    });
    rows.push(...page.Items ?? []);
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return rows;
}

/** One row, read consistently. */
export async function getRow(ask: Ask, tableName: string, key: Row): Promise<Row | undefined> {
  const input = { TableName: tableName, Key: key, ConsistentRead: true };
  return (await ask<{ Item?: Row }>("GetItem", input)).Item;
}

/** A string attribute; `undefined` where it is absent or NULL. */
export function textOf(row: Row | undefined, attribute: string): string | undefined {
  const value = row?.[attribute];
  return value !== undefined && "S" in value ? value.S : undefined;
}

/** A number attribute; 0 where it is absent or NULL. */
export function numberOf(row: Row | undefined, attribute: string): bigint {
  const value = row?.[attribute];
  return value !== undefined && "N" in value ? BigInt(value.N) : 0n;
}

/** Unix nanoseconds by the wall clock. */
export function nowNs(): bigint {
  return BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n;
}

/** `LastUpdate` and its form for people, as a Go client writes them. */
export function stamps(ns: bigint, name = "LastUpdate"): Row {
  const date = new Date(Number(ns / 1_000_000n)).toUTCString().replace("GMT", "+0000");
  return { [name]: { N: String(ns) }, [`${name}RFC`]: { S: date } };
}
