/**
 * Kinsumer: many clients share an Amazon Kinesis stream, and no record is lost.
 *
 * @module
 */

export { Kinsumer, type StopOptions } from "./src/kinsumer.ts";
export type { CaughtUpOptions } from "./src/loops/caught_up_wait.ts";
export { runOnce } from "./src/run_once.ts";
export type {
  RunOnceContext,
  RunOnceHandler,
  RunOnceOptions,
  RunOnceReason,
  RunOnceResult,
} from "./src/run_options.ts";
export { openTelemetry } from "./src/telemetry/open.ts";
export type { RunTelemetry } from "./src/telemetry/run_telemetry.ts";
export type { VisitedShard } from "./src/loops/visited_shard.ts";
export { createShared, type ShareOptions } from "./src/shared.ts";
export type { KinsumerOptions, SharedResources } from "./src/options.ts";
export type {
  BatchHandler,
  Concurrency,
  DeadLetter,
  DedupeStore,
  DedupeWindow,
  FailurePolicy,
  Handler,
  HandlerContext,
  HandlerSpan,
  PausedShard,
  ProcessCounts,
  ProcessOptions,
} from "./src/handling.ts";
export type { FailureAction } from "./src/rules/failure_policy.ts";
export {
  type DeadLetterFacts,
  deadLetterStream,
  type DeadLetterStreamOptions,
  readDeadLetter,
} from "./src/dead_letter_stream.ts";
export { type DedupeTable, dedupeTable, type DedupeTableOptions } from "./src/dedupe_table.ts";
export { KinsumerError, type KinsumerErrorCode, type KinsumerErrorFacts } from "./src/errors.ts";
export type { ErrorSnapshot, KinsumerSnapshot, ShardSnapshot } from "./src/snapshot.ts";
export type { ClientState, Health, HealthCode, HealthReason } from "./src/rules/health.ts";
export type { ShardState } from "./src/rules/shard_state.ts";
export type {
  CheckpointFlaw,
  EventListener,
  KinsumerEvent,
  Logger,
  LossReason,
  StatsReceiver,
  WaitingFor,
} from "./src/events.ts";
export type {
  Checkpoint,
  ClientRow,
  KinsumerRecord,
  LeaderRow,
  Position,
  ReceivedRecord,
  RecordBatch,
  SequenceNumber,
  Shard,
  ShardCache,
} from "./src/model.ts";
export type { Credentials, CredentialsProvider } from "./src/aws/credentials.ts";
export type { KinesisApi, RecordsAnswer, StreamDescription } from "./src/aws/kinesis.ts";
export type {
  CaptureOutcome,
  CheckpointsTable,
  CommitOutcome,
  CommitRequest,
  Owner,
} from "./src/tables/checkpoints_api.ts";
export type { BeatingClient, BeatOutcome, ClientsTable } from "./src/tables/clients_api.ts";
export type { MetadataTable } from "./src/tables/metadata.ts";
export type { ShardStart, ShardStarts, StartAt, StartPosition } from "./src/rules/position.ts";
export {
  type ContextExtractor,
  type TraceContext,
  traceContextFromJson,
  traceContextFromPrefix,
} from "./src/rules/trace_context.ts";
export {
  type Clock,
  type Fetch,
  type FetchRequest,
  type FetchResponse,
  type Random,
  type Runtime,
  type SignedRequest,
  type Signer,
  type SignerEndpoint,
  type SigningRequest,
  systemRuntime,
  type Wait,
} from "./src/runtime.ts";
