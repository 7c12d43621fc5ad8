/**
 * Decides whose span a record comes from: Kinesis has no headers, so the payload must carry the
 * context of its producer.
 *
 * @module
 */

import type { KinsumerRecord } from "../model.ts";

/** A W3C trace context, as its headers have it. */
export interface TraceContext {
  /** For example `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`. */
  readonly traceparent: string;
}

/** Finds the producer's context in a record. What it throws counts as none. */
export type ContextExtractor = (record: KinsumerRecord) => TraceContext | undefined;

/** What a record's first lines may take, when its context stands before the payload: bytes. */
const MAX_PREFIX_BYTES = 1_024;

/**
 * Finds the context in a field of records that are JSON objects: the `traceparent` itself, or an
 * object that has it.
 *
 * ```ts
 * import { Kinsumer, traceContextFromJson } from "kinsumer";
 *
 * const kinsumer = new Kinsumer({
 *   streamName: "orders",
 *   applicationName: "billing",
 *   extractContext: traceContextFromJson(), // { "traceparent": "00-…-01", … }
 * });
 * ```
 *
 * @param field the field's name; `traceparent` if not given
 */
export function traceContextFromJson(field = "traceparent"): ContextExtractor {
  return (record) => {
    const document = record.json();
    if (typeof document !== "object" || document === null) return undefined;
    const found = (document as { readonly [name: string]: unknown })[field];
    if (typeof found === "string") return { traceparent: found };
    const inner = (found as { readonly traceparent?: unknown } | null | undefined)?.traceparent;
    return typeof inner === "string" ? { traceparent: inner } : undefined;
  };
}

/**
 * Finds the context in lines that stand before the payload, written as W3C headers are:
 * `traceparent: 00-…-01`, then any other headers, each on a line of its own.
 *
 * ```ts
 * import { Kinsumer, traceContextFromPrefix } from "kinsumer";
 *
 * const kinsumer = new Kinsumer({
 *   streamName: "orders",
 *   applicationName: "billing",
 *   extractContext: traceContextFromPrefix(),
 * });
 * ```
 */
export function traceContextFromPrefix(): ContextExtractor {
  return ({ data }) => {
    const text = new TextDecoder().decode(data.subarray(0, MAX_PREFIX_BYTES));
    // Only headers may come before it: a line further down is the payload's.
    const found = /^(?:[\w-]+:[^\r\n]*\r?\n)*?traceparent:[ \t]*([0-9a-f-]+)[ \t]*(?:\r?\n|$)/i
      .exec(text);
    return found?.[1] === undefined ? undefined : { traceparent: found[1] };
  };
}

/** A span of elsewhere, as OpenTelemetry identifies it. */
export interface ProducerSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote: true;
}

/** The producer's span, if the record says which. */
export function parseTraceContext(
  extractContext: ContextExtractor,
  record: KinsumerRecord,
): ProducerSpan | undefined {
  let found: TraceContext | undefined;
  try {
    found = extractContext(record);
  } catch {
    return undefined; // the user's, or a record that is not what it looks for
  }
  const parts = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
    .exec(typeof found?.traceparent === "string" ? found.traceparent : "");
  if (parts === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", rest] = parts;
  const isOfNoVersion = version === "ff" || (version === "00" && rest !== undefined);
  if (isOfNoVersion || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}
