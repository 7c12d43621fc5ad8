/**
 * Traces the ports: each read, capture and commit becomes a span. The one import of
 * `@opentelemetry/api`; without a registered SDK its spans cost next to nothing.
 *
 * Names and attributes follow the messaging conventions of OpenTelemetry. Times come from the
 * injected clock. No span carries record data, partition keys or credentials.
 *
 * @module
 */

import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { KinesisApi } from "./aws/kinesis.ts";
import { KinsumerError } from "./errors.ts";
import type { Clock } from "./runtime.ts";
import type { CheckpointsTable } from "./tables/checkpoints.ts";

/** The instrumentation's name in every trace. */
export const INSTRUMENTATION_NAME = "kinsumer";

/** The attributes that spans carry. */
export const ATTRIBUTES = {
  system: "messaging.system",
  operationName: "messaging.operation.name",
  operationType: "messaging.operation.type",
  streamName: "messaging.destination.name",
  shardId: "messaging.destination.partition.id",
  applicationName: "messaging.consumer.group.name",
  clientId: "messaging.client.id",
  recordCount: "messaging.batch.message_count",
  errorType: "error.type",
  lagMs: "kinsumer.lag_ms",
  outcome: "kinsumer.outcome",
} as const;

/** Who is traced. */
export interface TracedClient {
  readonly streamName: string;
  readonly applicationName: string;
  readonly clientId: string;
  readonly clock: Clock;
}

interface Operation {
  readonly name: string;
  readonly type?: "receive" | "settle";
  readonly shardId: string;
}

/** The stream, with a span for each read and each new iterator. */
export function traceKinesis(kinesis: KinesisApi, client: TracedClient): KinesisApi {
  const { shardOperation } = createTracer(client);
  return {
    listShards: (signal) => kinesis.listShards(signal),
    describeStream: (signal) => kinesis.describeStream(signal),
    getShardIterator: (request, signal) =>
      shardOperation(
        { name: "get_shard_iterator", shardId: request.shardId },
        () => kinesis.getShardIterator(request, signal),
      ),
    getRecords: (request, signal) =>
      shardOperation(
        { name: "receive", type: "receive", shardId: request.shardId },
        () => kinesis.getRecords(request, signal),
        ({ records, lagMs }) => ({
          [ATTRIBUTES.recordCount]: records.length,
          ...(lagMs === undefined ? {} : { [ATTRIBUTES.lagMs]: lagMs }),
        }),
      ),
  };
}

/** The checkpoints table, with a span for each capture and each write of a checkpoint. */
export function traceCheckpoints(
  checkpoints: CheckpointsTable,
  client: TracedClient,
): CheckpointsTable {
  const { shardOperation } = createTracer(client);
  return {
    read: (shardId, signal) => checkpoints.read(shardId, signal),
    readMany: (shardIds, signal) => checkpoints.readMany(shardIds, signal),
    list: (signal) => checkpoints.list(signal),
    remove: (observed, signal) => checkpoints.remove(observed, signal),
    capture: (request, signal) =>
      shardOperation(
        { name: "capture", shardId: request.shardId },
        () => checkpoints.capture(request, signal),
        ({ outcome }) => ({ [ATTRIBUTES.outcome]: outcome }),
      ),
    commit: (request, signal) =>
      shardOperation(
        { name: commitName(request), type: "settle", shardId: request.observed.shardId },
        () => checkpoints.commit(request, signal),
        ({ outcome }) => ({ [ATTRIBUTES.outcome]: outcome }),
      ),
  };
}

function commitName(
  request: { isReleased?: boolean | undefined; isFinished?: boolean | undefined },
) {
  if (request.isFinished) return "finish";
  return request.isReleased ? "release" : "commit";
}

function createTracer({ streamName, applicationName, clientId, clock }: TracedClient) {
  const tracer = trace.getTracer(INSTRUMENTATION_NAME);
  const common: Attributes = {
    [ATTRIBUTES.system]: "aws_kinesis",
    [ATTRIBUTES.streamName]: streamName,
    [ATTRIBUTES.applicationName]: applicationName,
    [ATTRIBUTES.clientId]: clientId,
  };
  const shardOperation = async <Result>(
    operation: Operation,
    call: () => Promise<Result>,
    describe?: (result: Result) => Attributes,
  ): Promise<Result> => {
    const span = tracer.startSpan(`${operation.name} ${streamName}`, {
      kind: SpanKind.CLIENT,
      startTime: clock.nowMs(),
      attributes: { ...common, ...operationAttributes(operation) },
    });
    try {
      const result = await call();
      if (describe !== undefined && span.isRecording()) span.setAttributes(describe(result));
      return result;
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end(clock.nowMs());
    }
  };
  return { shardOperation };
}

function operationAttributes({ name, type, shardId }: Operation): Attributes {
  return {
    [ATTRIBUTES.operationName]: name,
    [ATTRIBUTES.shardId]: shardId,
    ...(type === undefined ? {} : { [ATTRIBUTES.operationType]: type }),
  };
}

function fail(span: Span, error: unknown): void {
  const type = error instanceof KinsumerError ? error.code : "_OTHER";
  span.setAttribute(ATTRIBUTES.errorType, type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
}
