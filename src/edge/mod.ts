/**
 * The door for isolates, whose size is counted: {@linkcode runOnce} with the promises of the whole
 * library, without OpenTelemetry and without what only a client that stays needs; and, below it, the
 * {@linkcode openStream stream} and the {@linkcode openCheckpoints checkpoints} alone.
 *
 * @module
 */

export { runOnce } from "./run_once.ts";
export type { EdgeOptions, EdgeRunOptions } from "./options.ts";
export { type DeadLetterAtEdge, retried, type RetriedOptions } from "./retried.ts";
export { openCheckpoints, openStream, type PortOptions } from "./ports.ts";
export type { RunTelemetry } from "../telemetry/run_telemetry.ts";
export type {
  RunOnceContext,
  RunOnceHandler,
  RunOnceOptions,
  RunOnceReason,
  RunOnceResult,
} from "../run_options.ts";
export type { VisitedShard } from "../loops/visited_shard.ts";
export { KinsumerError, type KinsumerErrorCode, type KinsumerErrorFacts } from "../errors.ts";
export type { KinesisApi, RecordsAnswer, StreamDescription } from "../aws/kinesis.ts";
export type { CheckpointsTable } from "../tables/checkpoints_api.ts";
export type { KinsumerRecord, ReceivedRecord } from "../model.ts";
