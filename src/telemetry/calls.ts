/**
 * Traces calls to AWS: one span a call, with an event for each repetition.
 *
 * @module
 */

import type { AwsCall, AwsCallOptions } from "../aws/call.ts";
import type { AwsService } from "../aws/failures.ts";
import { isKinsumerError, type KinsumerError } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import {
  activeContext,
  type Attributes,
  type Context,
  contextOf,
  currentTracer,
  ROOT_CONTEXT,
  runIn,
  type Span,
  SpanKind,
} from "./api.ts";
import { ATTRIBUTES, EVENTS } from "./names.ts";
import { errorType, fail } from "./tracing.ts";

/** Calls of one service, each a span below the given context. */
export type CallWithin = (parent: Context | undefined) => AwsCall;

const SERVICES: Readonly<Record<AwsService, string>> = { kinesis: "Kinesis", dynamodb: "DynamoDB" };

/** @param call repeats by itself what failed for a passing reason, and tells of it */
export function traceCalls(service: AwsService, call: AwsCall, clock: Clock): CallWithin {
  return (parent) => (target, input, options) => {
    const tracer = currentTracer();
    if (tracer === undefined) return call(target, input, options);
    const operation = target.slice(target.lastIndexOf(".") + 1);
    const span = tracer.startSpan(`${SERVICES[service]}.${operation}`, {
      kind: SpanKind.CLIENT,
      startTime: clock.nowMs(),
      attributes: {
        [ATTRIBUTES.rpcSystem]: "aws-api",
        [ATTRIBUTES.rpcService]: SERVICES[service],
        [ATTRIBUTES.rpcMethod]: operation,
      },
    }, parent ?? ROOT_CONTEXT);
    const within = contextOf(span, parent);
    return runIn(within, () => observed({ call, target, input, options, span, clock }));
  };
}

/** Traces calls that no client of ours makes: each a span below what is active where it is made. */
export function traceCallsHere(service: AwsService, call: AwsCall, clock: Clock): AwsCall {
  const within = traceCalls(service, call, clock);
  return (target, input, options) => within(activeContext())(target, input, options);
}

async function observed({ call, target, input, options, span, clock }: {
  readonly call: AwsCall;
  readonly target: string;
  readonly input: unknown;
  readonly options: AwsCallOptions | undefined;
  readonly span: Span;
  readonly clock: Clock;
}): Promise<unknown> {
  if (!span.isRecording()) return await call(target, input, options).finally(() => span.end());
  span.setAttributes(subjectOf(input));
  let attempts = 1;
  try {
    return await call(target, input, {
      ...options,
      onRetry: (retry) => {
        attempts = retry.attempt + 1;
        noteRetry(span, retry, clock.nowMs());
        options?.onRetry?.(retry);
      },
      onAnswer: ({ httpStatus, requestId }) => {
        span.setAttribute(ATTRIBUTES.httpStatus, httpStatus);
        if (requestId !== undefined) span.setAttribute(ATTRIBUTES.requestId, requestId);
      },
    });
  } catch (error) {
    // A condition that does not hold is an answer like any other.
    if (!isRefusedCondition(error)) fail(span, error, options?.signal);
    throw error;
  } finally {
    span.setAttribute(ATTRIBUTES.attempts, attempts);
    span.end(clock.nowMs());
  }
}

function noteRetry(
  span: Span,
  { attempt, delayMs, error }: {
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: KinsumerError;
  },
  nowMs: number,
): void {
  const name = error.code === "Throttled" ? EVENTS.throttled : EVENTS.retried;
  span.addEvent(name, {
    [ATTRIBUTES.attempt]: attempt,
    [ATTRIBUTES.delayMs]: delayMs,
    [ATTRIBUTES.errorType]: errorType(error),
  }, nowMs);
}

function isRefusedCondition(error: unknown): boolean {
  return isKinsumerError(error) && error.awsCode === "ConditionalCheckFailedException";
}

/** The stream or table that a call names. */
function subjectOf(input: unknown): Attributes {
  const { StreamName, StreamARN, TableName } = (input ?? {}) as {
    readonly [name in "StreamName" | "StreamARN" | "TableName"]?: unknown;
  };
  const streamName = StreamName ??
    (typeof StreamARN === "string" ? StreamARN.slice(StreamARN.indexOf("/") + 1) : undefined);
  return {
    ...(typeof streamName === "string" ? { [ATTRIBUTES.awsStreamName]: streamName } : {}),
    ...(typeof TableName === "string" ? { [ATTRIBUTES.tableNames]: [TableName] } : {}),
  };
}
