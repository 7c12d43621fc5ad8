/**
 * Traces what the user does: records that are handed over, and each call of a handler, linked to the
 * contexts that the producers wrote into their records.
 *
 * @module
 */

import type { KinsumerRecord } from "../model.ts";
import {
  activeContext,
  type Attributes,
  type Context,
  contextOf,
  currentTracer,
  lookForSdk,
  runIn,
  type Span,
  wasSdkSeen,
} from "./api.ts";
import { type ContextExtractor, parseTraceContext } from "../rules/trace_context.ts";
import type { Metrics } from "./metrics.ts";
import { ATTRIBUTES } from "./names.ts";
import { fail, type TracedClient, type Tracing } from "./tracing.ts";

/** One call of a handler. */
export interface TracedCall {
  readonly shardId: string;
  /** At least one. */
  readonly records: readonly KinsumerRecord[];
  /** 1 for the first. */
  readonly attempt: number;
  readonly isBatch: boolean;
}

/** As much of a span as a handler may want. */
export interface ProcessSpan {
  setAttribute(name: string, value: string | number | boolean): unknown;
  addEvent(name: string): unknown;
}

/** Stands around each call of a handler: calls `run` once, and returns what it returns. */
export type AroundCall = (
  call: TracedCall,
  run: (span: ProcessSpan | undefined) => unknown,
) => unknown;

/** What traces the user's work. */
export interface ProcessTracing {
  readonly client: TracedClient;
  readonly tracing: Tracing;
  readonly metrics: Metrics;
  readonly extractContext: ContextExtractor | undefined;
}

/** More links than this say nothing: the SDK drops them by default. */
const MAX_LINKS = 128;

/** Traces each call of a handler: a `process` span, and its duration. */
export function traceProcess(given: ProcessTracing): AroundCall {
  const { client: { clock }, metrics } = given;
  lookForSdk();
  return (call, run) => {
    if (!wasSdkSeen()) return run(undefined);
    const tracer = currentTracer();
    const { shardId } = call;
    const startedMs = clock.monotonicMs();
    const span = tracer && given.tracing.start(tracer, { name: "process", shardId });
    if (span?.isRecording()) describe(span, call, given.extractContext);
    const ended = (error?: { readonly thrown: unknown }) => {
      if (span !== undefined && error !== undefined) fail(span, error.thrown);
      span?.end(clock.nowMs());
      metrics.processed(call, { startedMs, error });
    };
    const within = span && contextOf(span);
    return settle(() => within === undefined ? run(span) : runIn(within, () => run(span)), ended);
  };
}

/** Calls, and tells when and how that ended; a handler may be synchronous. */
function settle(
  call: () => unknown,
  ended: (error?: { readonly thrown: unknown }) => void,
): unknown {
  let result: unknown;
  try {
    result = call();
  } catch (thrown) {
    ended({ thrown });
    throw thrown;
  }
  if (!isThenable(result)) {
    ended();
    return result;
  }
  return result.then(
    (value) => {
      ended();
      return value;
    },
    (thrown: unknown) => {
      ended({ thrown });
      throw thrown;
    },
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/** What was pulled: a record, or a batch of them. */
export interface PulledItem {
  readonly shardId: string;
  ack(): void;
}

/**
 * Traces pulls: a `receive` span for what is handed over, and none for what is only buffered. It
 * begins when it was asked for, and is a part of what is active there.
 */
export function traceReceive<Item extends PulledItem>(
  given: ProcessTracing,
  pull: () => Promise<Item | undefined>,
  recordsOf: (item: Item) => readonly KinsumerRecord[],
): () => Promise<Item | undefined> {
  lookForSdk();
  return () => wasSdkSeen() ? received(given, pull, recordsOf) : pull();
}

/**
 * The same for what is there already, and need not be waited for: no promise is made.
 */
export function traceTake<Item extends PulledItem>(
  given: ProcessTracing,
  take: () => Item | undefined,
  recordsOf: (item: Item) => readonly KinsumerRecord[],
): () => Item | undefined {
  const { clock } = given.client;
  return () => {
    if (!wasSdkSeen()) return take();
    const asked = { startMs: clock.nowMs(), startedMs: clock.monotonicMs() };
    const item = take();
    if (item !== undefined) handedOver(given, item, recordsOf(item), asked);
    return item;
  };
}

async function received<Item extends PulledItem>(
  given: ProcessTracing,
  pull: () => Promise<Item | undefined>,
  recordsOf: (item: Item) => readonly KinsumerRecord[],
): Promise<Item | undefined> {
  const { clock } = given.client;
  const parent = activeContext();
  const asked = { parent, startMs: clock.nowMs(), startedMs: clock.monotonicMs() };
  const item = await pull();
  if (item !== undefined) handedOver(given, item, recordsOf(item), asked);
  return item;
}

function handedOver(
  { client: { clock }, extractContext, metrics, tracing }: ProcessTracing,
  item: PulledItem,
  records: readonly KinsumerRecord[],
  { parent, startMs, startedMs }: {
    /** Absent: what is active now. */
    readonly parent?: Context;
    readonly startMs: number;
    readonly startedMs: number;
  },
): void {
  const { shardId } = item;
  const tracer = currentTracer();
  if (tracer !== undefined) {
    const place = { parent: parent ?? activeContext(), startMs };
    const span = tracing.start(tracer, { name: "receive", shardId }, place);
    const isBatch = records.length !== 1;
    if (span.isRecording()) describe(span, { records, isBatch }, extractContext);
    span.end(clock.nowMs());
  }
  metrics.received(item, { count: records.length, startedMs });
}

function describe(
  span: Span,
  { records, attempt = 1, isBatch }: Pick<TracedCall, "records" | "isBatch"> & {
    readonly attempt?: number | undefined;
  },
  extractContext: ContextExtractor | undefined,
): void {
  const attributes: Attributes = isBatch
    ? { [ATTRIBUTES.recordCount]: records.length }
    : { [ATTRIBUTES.sequenceNumber]: records[0]?.sequenceNumber };
  if (attempt > 1) attributes[ATTRIBUTES.attempt] = attempt;
  span.setAttributes(attributes);
  if (extractContext === undefined) return;
  for (const record of records.slice(0, MAX_LINKS)) {
    const producer = parseTraceContext(extractContext, record);
    if (producer !== undefined) span.addLink?.({ context: producer });
  }
}
