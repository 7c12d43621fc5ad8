/**
 * The one import of `@opentelemetry/api`: hands on what the other files of this folder use of it,
 * and tells whether anybody records.
 *
 * The globals are asked each time, because an SDK may be registered late. Without one the answer
 * is `undefined`, and nothing else is done.
 *
 * @module
 */

import {
  type Context,
  context,
  createNoopMeter,
  type Meter,
  type MeterProvider,
  metrics,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";

export { ROOT_CONTEXT, SpanKind, SpanStatusCode };
export type { Context, Meter, MeterProvider, Span, SpanContext, Tracer };
export type { Attributes, Histogram, ObservableResult } from "@opentelemetry/api";

/** The instrumentation's name in every trace and metric. */
export const INSTRUMENTATION_NAME = "kinsumer";

/** The tracer, if an SDK is registered. */
export function currentTracer(): Tracer | undefined {
  const provider: TracerProvider & { getDelegateTracer?(name: string): Tracer | undefined } = trace
    .getTracerProvider();
  // The API's own provider stands before the SDK's, and has no tracer to give where there is none.
  const tracer = provider.getDelegateTracer === undefined
    ? provider.getTracer(INSTRUMENTATION_NAME)
    : provider.getDelegateTracer(INSTRUMENTATION_NAME);
  hasTracer = tracer !== undefined;
  return tracer;
}

/** The provider of metrics, if an SDK is registered. */
export function currentMeterProvider(): MeterProvider | undefined {
  const provider = metrics.getMeterProvider();
  if (provider === knownProvider) return isKnownReal ? provider : undefined;
  knownProvider = provider;
  isKnownReal = provider.getMeter(INSTRUMENTATION_NAME) !== createNoopMeter();
  return isKnownReal ? provider : undefined;
}

/** Looks whether an SDK is registered. */
export function lookForSdk(): boolean {
  currentMeterProvider();
  return currentTracer() !== undefined || isKnownReal;
}

/**
 * Whether an SDK was there at the last look. Looking costs as much as handing a record over, so what
 * is done for each record asks this; every read of a shard looks.
 */
export function wasSdkSeen(): boolean {
  return hasTracer || isKnownReal;
}

let hasTracer = false;
let knownProvider: MeterProvider | undefined;
let isKnownReal = false;

/** A context in which a span is the current one. */
export function contextOf(span: Span, parent: Context = ROOT_CONTEXT): Context {
  return trace.setSpan(parent, span);
}

/** The context that is active where this is called; the root where nobody manages contexts. */
export function activeContext(): Context {
  return context.active();
}

/** Runs work in a context; where nobody manages contexts, just runs it. */
export function runIn<Result>(parent: Context, work: () => Result): Result {
  return context.with(parent, work);
}
