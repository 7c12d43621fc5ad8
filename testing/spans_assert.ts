/**
 * Asserts that a span was recorded, or that none was.
 *
 * @module
 */

import { AssertionError } from "node:assert";
import { describeSpan, differencesOf, type ExpectedSpan, summarize } from "./spans_match.ts";
import type { RecordedSpan } from "./spans_model.ts";

/** Where an assertion looks: a recorder, or spans taken from one. */
export type SpanSource = readonly RecordedSpan[] | { all(): readonly RecordedSpan[] };

/** The spans of a source. */
export function spansOf(source: SpanSource): readonly RecordedSpan[] {
  return "all" in source ? source.all() : source;
}

/**
 * Asserts that at least one span is as expected.
 *
 * ```ts
 * import { assertSpan, recordSpans } from "kinsumer/testing";
 *
 * const spans = await recordSpans();
 * // … the application consumes …
 * const span = assertSpan(spans, {
 *   name: "capture orders",
 *   attributes: { "kinsumer.outcome": "captured" },
 * });
 * console.log(span.durationMs);
 * await spans.stop();
 * ```
 *
 * @returns the first of them
 * @throws {AssertionError} otherwise, with the span that comes closest and what differs
 */
export function assertSpan(source: SpanSource, expected: ExpectedSpan): RecordedSpan {
  const spans = spansOf(source);
  let closest: { readonly span: RecordedSpan; readonly differences: readonly string[] } | undefined;
  for (const span of spans) {
    const differences = differencesOf(span, expected);
    if (differences.length === 0) return span;
    const isCloser = closest === undefined || distance(differences) < distance(closest.differences);
    if (isCloser) closest = { span, differences };
  }
  throw failure("assertSpan", [
    `No span is ${describeSpan(expected)}`,
    ...(closest === undefined ? [] : [
      `  closest: ${describeSpan(closest.span, [])}`,
      ...closest.differences.map((line) => `    ${line}`),
    ]),
    `  recorded: ${summarize(spans)}`,
  ]);
}

/** A span of another name is farther than one of the right name whose other facts all differ. */
function distance(differences: readonly string[]): number {
  return differences.length + (differences[0]?.startsWith("name ") ? 1_000 : 0);
}

/**
 * Asserts that no span is like this.
 *
 * ```ts
 * import { assertNoSpan, recordSpans } from "kinsumer/testing";
 *
 * const spans = await recordSpans();
 * // … the application consumes …
 * assertNoSpan(spans, { status: "error" });
 * await spans.stop();
 * ```
 *
 * @throws {AssertionError} with those that are
 */
export function assertNoSpan(source: SpanSource, unwanted: ExpectedSpan): void {
  const found = spansOf(source).filter((span) => differencesOf(span, unwanted).length === 0);
  if (found.length === 0) return;
  const keys = ["error.type", ...Object.keys(unwanted.attributes ?? {})];
  const rest = found.length - LISTED;
  throw failure("assertNoSpan", [
    `${found.length} ${found.length === 1 ? "span is" : "spans are"} ${describeSpan(unwanted)}`,
    ...found.slice(0, LISTED).map((span) =>
      `  ${describeSpan(span, keys.filter((key) => span.attributes[key] !== undefined))}`
    ),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ]);
}

const LISTED = 10;

/** An `AssertionError`, as test runners know it. */
export function failure(operator: string, lines: readonly string[]): Error {
  return new AssertionError({ message: lines.join("\n"), operator });
}
