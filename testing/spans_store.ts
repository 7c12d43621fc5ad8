/**
 * Keeps the spans of one recorder: those that its filter lets through, and what is below them.
 *
 * @module
 */

import type { Context } from "@opentelemetry/api";
import { matchesName } from "./spans_match.ts";
import { type RecordedSpan, type SdkSpan, toRecordedSpan } from "./spans_model.ts";
import type { MemoryExporter, RecordingSpanProcessor, Sdk } from "./spans_provider.ts";

/** Facts of a client that a span must carry, all of those that are given. */
export interface SpanFacts {
  /** Who the client is. */
  readonly clientId?: string | RegExp | undefined;
  /** The fleet that it belongs to. */
  readonly applicationName?: string | RegExp | undefined;
  /** The stream that it reads. */
  readonly streamName?: string | RegExp | undefined;
}

/** Which spans to record. A function is asked when a span starts, and again when it has ended. */
export type SpanFilter = SpanFacts | ((span: RecordedSpan) => boolean);

/** More than this is a loop that nobody meant to record. */
const MAX_SPANS = 200_000;

const FLAG_SAMPLED = 1;

/** The names of facts among the attributes. */
const FACTS = {
  clientId: "messaging.client.id",
  applicationName: "messaging.consumer.group.name",
  streamName: "messaging.destination.name",
} as const;

interface Waiter {
  readonly isWanted: (span: RecordedSpan) => boolean;
  readonly resolve: (span: RecordedSpan) => void;
}

/** One recorder's spans. */
export class SpanStore implements RecordingSpanProcessor {
  readonly #trace: Sdk["trace"];
  readonly #exporter: MemoryExporter;
  readonly #passes: (span: RecordedSpan) => boolean;
  /** Whether a span that started is recorded. */
  readonly #chosen = new WeakMap<object, boolean>();
  readonly #order = new WeakMap<object, number>();
  readonly #translated = new WeakMap<object, RecordedSpan>();
  readonly #open = new Set<SdkSpan>();
  readonly #waiters = new Set<Waiter>();
  #startCount = 0;
  #isClosed = false;

  constructor({ InMemorySpanExporter, trace }: Sdk, filter: SpanFilter | undefined) {
    this.#trace = trace;
    this.#exporter = new InMemorySpanExporter();
    this.#passes = toPredicate(filter);
  }

  onStart(given: unknown, parentContext: unknown): void {
    if (this.#isClosed) return;
    const span = given as SdkSpan;
    this.#order.set(span, this.#startCount++);
    const parent = this.#trace.getSpan(parentContext as Context);
    const isBelow = parent !== undefined && this.#chosen.get(parent) === true;
    const isChosen = isBelow || this.#passes(toRecordedSpan(span));
    this.#chosen.set(span, isChosen);
    if (isChosen && this.#open.size < MAX_SPANS) this.#open.add(span);
  }

  onEnd(given: unknown): void {
    const span = given as SdkSpan;
    this.#open.delete(span);
    if (this.#isClosed || this.#translated.has(span)) return;
    if ((span.spanContext().traceFlags & FLAG_SAMPLED) === 0) return;
    const recorded = toRecordedSpan(span);
    if (this.#chosen.get(span) !== true && !this.#passes(recorded)) return;
    if (this.#exporter.getFinishedSpans().length >= MAX_SPANS) return;
    this.#translated.set(span, recorded);
    this.#exporter.export([span], () => {});
    for (const waiter of this.#waiters) {
      if (waiter.isWanted(recorded)) waiter.resolve(recorded);
    }
  }

  /** All that have ended, by their start. */
  all(): readonly RecordedSpan[] {
    const orderOf = (span: SdkSpan) => this.#order.get(span) ?? 0;
    return this.#exporter.getFinishedSpans()
      .map((span) => ({ order: orderOf(span), span: this.#translate(span) }))
      .sort((a, b) => a.span.startMs - b.span.startMs || a.order - b.order)
      .map(({ span }) => span);
  }

  /** Those that have not ended yet; their end is not to be read. */
  open(): readonly RecordedSpan[] {
    return [...this.#open].map(toRecordedSpan);
  }

  /** The next that is wanted; for ever, unless the signal aborts. */
  next(
    isWanted: (span: RecordedSpan) => boolean,
    signal: AbortSignal,
  ): Promise<RecordedSpan> {
    return new Promise((resolve) => {
      const waiter = { isWanted, resolve };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", () => this.#waiters.delete(waiter), { once: true });
    });
  }

  clear(): void {
    this.#exporter.reset();
    this.#open.clear();
  }

  /** Takes no more. */
  close(): void {
    this.#isClosed = true;
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  #translate(span: SdkSpan): RecordedSpan {
    const found = this.#translated.get(span) ?? toRecordedSpan(span);
    this.#translated.set(span, found);
    return found;
  }
}

function toPredicate(filter: SpanFilter | undefined): (span: RecordedSpan) => boolean {
  if (filter === undefined) return () => true;
  if (typeof filter === "function") return filter;
  const unknown = Object.keys(filter).filter((name) => !(name in FACTS));
  if (unknown.length > 0) {
    const known = Object.keys(FACTS).join(", ");
    throw new TypeError(`Cannot filter spans by "${unknown.join('", "')}": there are ${known}`);
  }
  const wanted = Object.entries(FACTS).flatMap(([name, attribute]) => {
    const value = filter[name as keyof SpanFacts];
    return value === undefined ? [] : [{ attribute, value }];
  });
  return (span) =>
    wanted.every(({ attribute, value }) => {
      const found = span.attributes[attribute];
      return typeof found === "string" && matchesName(found, value);
    });
}
