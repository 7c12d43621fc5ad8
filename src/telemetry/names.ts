/**
 * The names of spans, attributes and metrics: the closed lists. They follow OpenTelemetry's
 * conventions for messaging and for the AWS SDK, as far as these have a name.
 *
 * @module
 */

/** The attributes that spans and metrics carry. */
export const ATTRIBUTES = {
  system: "messaging.system",
  operationName: "messaging.operation.name",
  operationType: "messaging.operation.type",
  streamName: "messaging.destination.name",
  shardId: "messaging.destination.partition.id",
  applicationName: "messaging.consumer.group.name",
  clientId: "messaging.client.id",
  recordCount: "messaging.batch.message_count",
  sequenceNumber: "messaging.message.id",
  errorType: "error.type",
  rpcSystem: "rpc.system",
  rpcService: "rpc.service",
  rpcMethod: "rpc.method",
  requestId: "aws.request_id",
  httpStatus: "http.response.status_code",
  awsStreamName: "aws.kinesis.stream_name",
  tableNames: "aws.dynamodb.table_names",
  attempt: "kinsumer.attempt",
  attempts: "kinsumer.attempts",
  delayMs: "kinsumer.delay_ms",
  lagMs: "kinsumer.lag_ms",
  outcome: "kinsumer.outcome",
  reason: "kinsumer.reason",
  clientCount: "kinsumer.client_count",
  shardCount: "kinsumer.shard_count",
  moveCount: "kinsumer.move_count",
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
  receive: { kind: "client", type: "receive" },
  process: { kind: "consumer", type: "process" },
  commit: { kind: "client", type: "settle" },
  release: { kind: "internal", type: "settle" },
  finish: { kind: "internal", type: "settle" },
  capture: { kind: "internal" },
  get_shard_iterator: { kind: "internal" },
  read: { kind: "internal" },
  lead: { kind: "internal" },
  resign: { kind: "internal" },
  rebalance: { kind: "internal" },
  stall: { kind: "internal" },
} as const;

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** What happens within a span. */
export const EVENTS = { throttled: "throttled", retried: "retried" } as const;

/** The metrics. */
export const METRICS = {
  operationDuration: {
    name: "messaging.client.operation.duration",
    kind: "histogram",
    unit: "s",
    description: "How long a receive or a checkpoint took",
  },
  consumedMessages: {
    name: "messaging.client.consumed.messages",
    kind: "counter",
    unit: "{message}",
    description: "Records that were handed over",
  },
  processDuration: {
    name: "messaging.process.duration",
    kind: "histogram",
    unit: "s",
    description: "How long a handler took",
  },
  lag: {
    name: "kinsumer.shard.lag",
    kind: "gauge",
    unit: "ms",
    description: "How far behind the tip of its shard the last read was",
  },
  checkpointAge: {
    name: "kinsumer.checkpoint.age",
    kind: "gauge",
    unit: "s",
    description: "How long ago a shard's checkpoint was last written",
  },
  ownedShards: {
    name: "kinsumer.shards.owned",
    kind: "gauge",
    unit: "{shard}",
    description: "Shards that the client owns",
  },
  lostShards: {
    name: "kinsumer.shards.lost",
    kind: "counter",
    unit: "{shard}",
    description: "Shards that the client lost without releasing them",
  },
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
  bufferBytes: {
    name: "kinsumer.buffer.bytes",
    kind: "gauge",
    unit: "By",
    description: "Bytes of the budget that are taken",
  },
  bufferLimit: {
    name: "kinsumer.buffer.limit",
    kind: "gauge",
    unit: "By",
    description: "The budget: maxBufferedBytes",
  },
  throttles: {
    name: "kinsumer.throttles",
    kind: "counter",
    unit: "{call}",
    description: "Calls that a service asked to slow down",
  },
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
