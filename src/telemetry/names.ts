/**
 * The names of spans, attributes and metrics: the closed lists. They follow OpenTelemetry's
 * conventions for messaging and for the AWS SDK, as far as these have a name.
 *
 * @module
 */

/**
 * The attributes that spans and metrics carry. Each entry tells of which spans, and what:
 * `every operation` and those that are named have it, `any` may have it.
 */
export const ATTRIBUTES = {
  /** every operation | `aws_kinesis` */
  system: "messaging.system",
  /** every operation | the operation */
  operationName: "messaging.operation.name",
  /** receive, process, commit, release, finish | `receive`, `process` or `settle` */
  operationType: "messaging.operation.type",
  /** every operation | the stream */
  streamName: "messaging.destination.name",
  /**
   * receive, process, commit, release, finish, capture, get_shard_iterator, read, stall | the shard
   */
  shardId: "messaging.destination.partition.id",
  /** every operation | the application */
  applicationName: "messaging.consumer.group.name",
  /** every operation | the client */
  clientId: "messaging.client.id",
  /** read, receive, process | how many records; of the last two where it is a batch */
  recordCount: "messaging.batch.message_count",
  /** receive, process | the sequence number, where it is one record */
  sequenceNumber: "messaging.message.id",
  /** any, events of calls to AWS | of what failed: the error's code, or its class */
  errorType: "error.type",
  /** calls to AWS | `aws-api` */
  rpcSystem: "rpc.system",
  /** calls to AWS | `Kinesis` or `DynamoDB` */
  rpcService: "rpc.service",
  /** calls to AWS | the operation, such as `GetRecords` */
  rpcMethod: "rpc.method",
  /** calls to AWS | of the last answer */
  requestId: "aws.request_id",
  /** calls to AWS | of the last answer */
  httpStatus: "http.response.status_code",
  /** calls to Kinesis | the stream */
  awsStreamName: "aws.kinesis.stream_name",
  /** calls to DynamoDB | the table, where the call names one */
  tableNames: "aws.dynamodb.table_names",
  /** process, events of calls to AWS | which attempt: of a handler where it is not the first */
  attempt: "kinsumer.attempt",
  /** calls to AWS | how often it was tried */
  attempts: "kinsumer.attempts",
  /** events of calls to AWS | how long the next attempt waits */
  delayMs: "kinsumer.delay_ms",
  /** read, stall | how far behind the tip of the shard it was */
  lagMs: "kinsumer.lag_ms",
  /**
   * capture, commit, release, finish, lead, stall, any | what came of it; of any: `aborted`, when
   * it was given up at a stop or with its shard, which is no failure
   */
  outcome: "kinsumer.outcome",
  /** rebalance, stall | why, for example `client joined`; what a shard waits for */
  reason: "kinsumer.reason",
  /** rebalance | how many clients */
  clientCount: "kinsumer.client_count",
  /** rebalance | how many shards */
  shardCount: "kinsumer.shard_count",
  /** rebalance | how many shards move */
  moveCount: "kinsumer.move_count",
  /** rebalance | what moves, for example `shardId-000000000003: a → b` */
  moves: "kinsumer.moves",
} as const;

/** Whose side of an exchange a span shows. */
export type OperationKind = "internal" | "client" | "consumer";

/** What the conventions say of an operation. */
export interface OperationFacts {
  readonly kind: OperationKind;
  readonly type?: "receive" | "process" | "settle";
}

/** The operations; each is a span named with the stream, for example `receive orders`. */
export const OPERATIONS = {
  /** A record, or a batch, handed over to a pull; what is only buffered has none. */
  receive: { kind: "client", type: "receive" },
  /** One call of a handler. */
  process: { kind: "consumer", type: "process" },
  /** A checkpoint, or a renewal. */
  commit: { kind: "client", type: "settle" },
  /** The last checkpoint of a shard that moves. */
  release: { kind: "internal", type: "settle" },
  /** The last checkpoint of a shard that ended. */
  finish: { kind: "internal", type: "settle" },
  /** An attempt to take a shard; the outcome is `captured` or `held`. */
  capture: { kind: "internal" },
  /** A new place in a shard. */
  get_shard_iterator: { kind: "internal" },
  /** One read of a shard into the buffer. */
  read: { kind: "internal" },
  /** An attempt to take the lead or keep it; the outcome is `won`, `renewed` or `refused`. */
  lead: { kind: "internal" },
  /** Giving the lead up. */
  resign: { kind: "internal" },
  /** Sharing the shards out anew: `kinsumer.moves` tells what moved, `kinsumer.reason` why. */
  rebalance: { kind: "internal" },
  /**
   * A shard that stood still; `kinsumer.reason` tells what it waits for, the outcome is
   * `reported` or `restarted`.
   */
  stall: { kind: "internal" },
} as const;

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** What happens within a span. */
export const EVENTS = { throttled: "throttled", retried: "retried" } as const;

/** The metrics. */
export const METRICS = {
  /** By operation, `error.type`. */
  operationDuration: {
    name: "messaging.client.operation.duration",
    kind: "histogram",
    unit: "s",
    description: "How long a receive or a checkpoint took",
  },
  /** By operation. */
  consumedMessages: {
    name: "messaging.client.consumed.messages",
    kind: "counter",
    unit: "{message}",
    description: "Records that were handed over",
  },
  /** By operation, `error.type`. */
  processDuration: {
    name: "messaging.process.duration",
    kind: "histogram",
    unit: "s",
    description: "How long a handler took",
  },
  /** By shard. */
  lag: {
    name: "kinsumer.shard.lag",
    kind: "gauge",
    unit: "ms",
    description: "How far behind the tip of its shard the last read was",
  },
  /** By shard. */
  checkpointAge: {
    name: "kinsumer.checkpoint.age",
    kind: "gauge",
    unit: "s",
    description: "How long ago a shard's checkpoint was last written",
  },
  /** By client. */
  ownedShards: {
    name: "kinsumer.shards.owned",
    kind: "gauge",
    unit: "{shard}",
    description: "Shards that the client owns",
  },
  /** By client. */
  pausedShards: {
    name: "kinsumer.shards.paused",
    kind: "gauge",
    unit: "{shard}",
    description: "Shards that the policy for failures has paused",
  },
  /** By `kinsumer.reason`. */
  lostShards: {
    name: "kinsumer.shards.lost",
    kind: "counter",
    unit: "{shard}",
    description: "Shards that the client lost without releasing them",
  },
  /** By `kinsumer.reason`. */
  stalledShards: {
    name: "kinsumer.shards.stalled",
    kind: "counter",
    unit: "{shard}",
    description: "Shards that were found to stand still",
  },
  recordsRead: {
    name: "kinsumer.records.read",
    kind: "counter",
    unit: "{record}",
    description: "Records that were read from the stream",
  },
  bytesRead: {
    name: "kinsumer.bytes.read",
    kind: "counter",
    unit: "By",
    description: "About how many bytes the reads took on the wire",
  },
  /** By client. */
  bufferBytes: {
    name: "kinsumer.buffer.bytes",
    kind: "gauge",
    unit: "By",
    description: "Bytes of the budget that are taken",
  },
  /** By client. */
  bufferLimit: {
    name: "kinsumer.buffer.limit",
    kind: "gauge",
    unit: "By",
    description: "The budget: maxBufferedBytes",
  },
  /** By `rpc.method`. */
  throttles: {
    name: "kinsumer.throttles",
    kind: "counter",
    unit: "{call}",
    description: "Calls that a service asked to slow down",
  },
  /** By `rpc.method`, `error.type`. */
  retries: {
    name: "kinsumer.retries",
    kind: "counter",
    unit: "{call}",
    description: "Calls that failed and are made again",
  },
  rebalances: {
    name: "kinsumer.rebalances",
    kind: "counter",
    unit: "{rebalance}",
    description: "How often the leader shared the shards out anew",
  },
  acknowledgeDuration: {
    name: "kinsumer.acknowledge.duration",
    kind: "histogram",
    unit: "s",
    description: "From handing a record or batch over to its acknowledgement",
  },
  heartbeatDelay: {
    name: "kinsumer.heartbeat.delay",
    kind: "histogram",
    unit: "s",
    description: "How much later than the shard check interval a heartbeat came",
  },
} as const;
