/**
 * What the world can do to a consumer, as one error class with a closed set of codes.
 *
 * Misuse (a bad option, a wrong argument) is a `TypeError` or `RangeError` instead. Expected
 * contention (a shard held by another client, a lost race) is a value, never an error.
 *
 * @module
 */

/**
 * Why a {@linkcode KinsumerError} was raised. Stable: compare codes, never messages.
 *
 * | code | meaning |
 * |---|---|
 * | `AlreadyRunning` | `run()` was called twice or after a stop, or the tables were to be deleted while running |
 * | `NotRunning` | records were asked for before `run()`, or it was stopped while it started |
 * | `StreamNotFound` | the stream does not exist in this account and region |
 * | `StreamNotReady` | the stream exists but is being created or deleted |
 * | `TableNotFound` | a table does not exist: call `createRequiredTables()` |
 * | `TableNotReady` | a table did not become usable in time |
 * | `ClientIdInUse` | another process beats with this client's ID |
 * | `CredentialsMissing` | no credentials were given, and the environment has none |
 * | `CredentialsRejected` | the service does not accept the credentials |
 * | `AccessDenied` | the credentials lack a permission |
 * | `Throttled` | the service asked to slow down |
 * | `IteratorExpired` | a shard iterator is older than five minutes |
 * | `InvalidSequenceNumber` | a position does not belong to this shard, or was trimmed away |
 * | `InvalidCheckpoint` | a shard's checkpoint was trimmed away, or is of another stream of the same name |
 * | `RequestRejected` | the service refused a request for another reason |
 * | `RequestTimeout` | no answer within the request timeout |
 * | `NetworkFailure` | the request failed before an answer came |
 * | `ServiceFailure` | the service answered with a failure of its own (HTTP 5xx) |
 * | `MalformedAnswer` | the answer was not what the service documents |
 * | `HandlerFailed` | a handler of yours could not process a record, and the policy is to stop; see `cause` |
 * | `HandlerTimedOut` | a handler of yours took longer than its `timeoutMs` |
 */
export type KinsumerErrorCode =
  | "AlreadyRunning"
  | "NotRunning"
  | "StreamNotFound"
  | "StreamNotReady"
  | "TableNotFound"
  | "TableNotReady"
  | "ClientIdInUse"
  | "CredentialsMissing"
  | "CredentialsRejected"
  | "AccessDenied"
  | "Throttled"
  | "IteratorExpired"
  | "InvalidSequenceNumber"
  | "InvalidCheckpoint"
  | "RequestRejected"
  | "RequestTimeout"
  | "NetworkFailure"
  | "ServiceFailure"
  | "MalformedAnswer"
  | "HandlerFailed"
  | "HandlerTimedOut";

/** The facts that a {@linkcode KinsumerError} carries beside its code and message. */
export interface KinsumerErrorFacts {
  /** What was raised underneath. */
  readonly cause?: unknown;
  /** The operation that failed, as the service names it, for example `GetRecords`. */
  readonly operation?: string | undefined;
  /** The service's own name of the failure, without its namespace. */
  readonly awsCode?: string | undefined;
  /** The HTTP status of the answer. */
  readonly httpStatus?: number | undefined;
  /** The request's ID, for a support case. */
  readonly requestId?: string | undefined;
  /** The shard that it concerns. */
  readonly shardId?: string | undefined;
  /** The record that it is about. */
  readonly sequenceNumber?: string | undefined;
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable?: boolean | undefined;
}

const FACTS = [
  "operation",
  "awsCode",
  "httpStatus",
  "requestId",
  "shardId",
  "sequenceNumber",
] as const satisfies readonly (keyof KinsumerErrorFacts)[];

/** A failure of the world: the network, the service, the account. Never carries data or secrets. */
export class KinsumerError extends Error {
  /** What tells it from other errors where `instanceof` cannot. */
  override readonly name = "KinsumerError";
  /** Why; see {@linkcode KinsumerErrorCode}. */
  readonly code: KinsumerErrorCode;
  /** The service's operation that failed, as AWS names it. */
  declare readonly operation: string | undefined;
  /** The service's own code. */
  declare readonly awsCode: string | undefined;
  /** The status of the answer, where one came. */
  declare readonly httpStatus: number | undefined;
  /** What AWS's support asks for. */
  declare readonly requestId: string | undefined;
  /** The shard that it concerns. */
  declare readonly shardId: string | undefined;
  /** The place in the shard that it concerns. */
  declare readonly sequenceNumber: string | undefined;
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean;

  /**
   * Makes one, as an implementation of a port of your own would.
   *
   * @param facts what is known beside the code and the message
   */
  constructor(code: KinsumerErrorCode, message: string, facts: KinsumerErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.retryable = facts.retryable ?? false;
    for (const name of FACTS) {
      // What is not known is no property either: an error that is printed shows what it has.
      if (facts[name] !== undefined) Object.assign(this, { [name]: facts[name] });
    }
  }
}

/** Whether an error is a {@linkcode KinsumerError}, of whichever copy of this library. */
export function isKinsumerError(error: unknown): error is KinsumerError {
  return error instanceof Error && error.name === "KinsumerError";
}
