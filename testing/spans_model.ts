/**
 * What a recorded span is, in words of our own: the shape that tests read, whatever version of
 * OpenTelemetry's SDK made the span.
 *
 * @module
 */

/** What an attribute may hold. */
export type SpanAttribute =
  | string
  | number
  | boolean
  | readonly (string | number | boolean | null | undefined)[];

/** Attributes by name. */
export type SpanAttributes = Readonly<Record<string, SpanAttribute | undefined>>;

/** Whose side of an exchange a span shows. */
export type SpanKindName = "internal" | "server" | "client" | "producer" | "consumer";

/** How a span ended. Most that went well say nothing: `unset`. */
export type SpanStatusName = "unset" | "ok" | "error";

/** Something that happened within a span. */
export interface RecordedSpanEvent {
  /** What happened. */
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** The facts of it. */
  readonly attributes: SpanAttributes;
}

/** A span of elsewhere that a span refers to. */
export interface RecordedSpanLink {
  /** The trace that it refers to. */
  readonly traceId: string;
  /** The span in that trace. */
  readonly spanId: string;
  /** What the link says of itself. */
  readonly attributes: SpanAttributes;
}

/** A span that has ended. */
export interface RecordedSpan {
  /** Its operation and what that was done to. */
  readonly name: string;
  /** Its part in a conversation: `"client"`, `"consumer"` and so on. */
  readonly kind: SpanKindName;
  /** How it ended. */
  readonly status: SpanStatusName;
  /** What was said of a failure. */
  readonly statusMessage: string | undefined;
  /** The facts of it. */
  readonly attributes: SpanAttributes;
  /** What happened within it, in order. */
  readonly events: readonly RecordedSpanEvent[];
  /** The spans of elsewhere that it refers to. */
  readonly links: readonly RecordedSpanLink[];
  /** The trace that it belongs to. */
  readonly traceId: string;
  /** Who it is in that trace. */
  readonly spanId: string;
  /** The span that it is a part of; `undefined` at the root of a trace. */
  readonly parentSpanId: string | undefined;
  /** Milliseconds since the Unix epoch, by the clock of the traced code. */
  readonly startMs: number;
  /** When it ended, in milliseconds since the Unix epoch. */
  readonly endMs: number;
  /** How long it took. */
  readonly durationMs: number;
  /** The name of the instrumentation; Kinsumer's is `kinsumer`. */
  readonly tracerName: string;
}

/** What is read of a span of the SDK, version 1 or 2. */
export interface SdkSpan {
  readonly name: string;
  readonly kind: number;
  spanContext(): {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceFlags: number;
  };
  readonly parentSpanContext?: { readonly spanId: string } | undefined;
  /** Version 1's. */
  readonly parentSpanId?: string | undefined;
  readonly startTime: HighResolutionTime;
  readonly endTime: HighResolutionTime;
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: SpanAttributes;
  readonly events: readonly {
    readonly name: string;
    readonly time: HighResolutionTime;
    readonly attributes?: SpanAttributes | undefined;
  }[];
  readonly links: readonly {
    readonly context: { readonly traceId: string; readonly spanId: string };
    readonly attributes?: SpanAttributes | undefined;
  }[];
  readonly instrumentationScope?: { readonly name: string } | undefined;
  /** Version 1's. */
  readonly instrumentationLibrary?: { readonly name: string } | undefined;
}

/** Seconds and nanoseconds. */
export type HighResolutionTime = readonly [seconds: number, nanoseconds: number];

/** In the order of OpenTelemetry's numbers. */
const KINDS: readonly SpanKindName[] = ["internal", "server", "client", "producer", "consumer"];
const STATUSES: readonly SpanStatusName[] = ["unset", "ok", "error"];

/** Translates a span of the SDK. */
export function toRecordedSpan(span: SdkSpan): RecordedSpan {
  const { traceId, spanId } = span.spanContext();
  const [startMs, endMs] = [toMs(span.startTime), toMs(span.endTime)];
  return {
    name: span.name,
    kind: KINDS[span.kind] ?? "internal",
    status: STATUSES[span.status.code] ?? "unset",
    statusMessage: span.status.message,
    attributes: { ...span.attributes },
    events: span.events.map(({ name, time, attributes = {} }) => ({
      name,
      timeMs: toMs(time),
      attributes,
    })),
    links: span.links.map(({ context, attributes = {} }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes,
    })),
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? span.parentSpanId,
    startMs,
    endMs,
    durationMs: endMs - startMs,
    tracerName: (span.instrumentationScope ?? span.instrumentationLibrary)?.name ?? "",
  };
}

function toMs([seconds, nanoseconds]: HighResolutionTime): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
