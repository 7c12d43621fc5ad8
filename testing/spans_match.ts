/**
 * Compares a span with what a test expects of it, and says what differs.
 *
 * @module
 */

import type {
  RecordedSpan,
  SpanAttribute,
  SpanAttributes,
  SpanKindName,
  SpanStatusName,
} from "./spans_model.ts";

/**
 * What an attribute has to be: equal, matched by an expression, accepted by a function, or, by
 * `undefined`, absent.
 */
export type ExpectedAttribute =
  | SpanAttribute
  | RegExp
  | ((value: SpanAttribute | undefined) => boolean)
  | undefined;

/** What a test expects of a span. What it does not name may be anything. */
export interface ExpectedSpan {
  /** The whole name, or an expression that it matches. */
  readonly name?: string | RegExp | undefined;
  /** Its kind. */
  readonly kind?: SpanKindName | undefined;
  /** How it ended. */
  readonly status?: SpanStatusName | undefined;
  /** Further attributes may be there. */
  readonly attributes?: Readonly<Record<string, ExpectedAttribute>> | undefined;
  /** Names of events that must be there, in any order. */
  readonly events?: readonly string[] | undefined;
}

/** What differs, one line each; nothing where the span is as expected. */
export function differencesOf(span: RecordedSpan, expected: ExpectedSpan): readonly string[] {
  const { name, kind, status, attributes = {}, events = [] } = expected;
  return [
    ...(name === undefined || matchesName(span.name, name)
      ? []
      : [`name is ${show(span.name)}, expected ${show(name)}`]),
    ...sameOrAny("kind", span.kind, kind),
    ...sameOrAny("status", span.status, status),
    ...Object.entries(attributes)
      .filter(([key, wanted]) => !isAttribute(span.attributes[key], wanted))
      .map(([key, wanted]) => `${key} is ${show(span.attributes[key])}, expected ${show(wanted)}`),
    ...events.filter((wanted) => !span.events.some((event) => event.name === wanted))
      .map((wanted) => `has no event ${show(wanted)}`),
  ];
}

/** Whether a name is the one, or matches the expression. */
export function matchesName(name: string, wanted: string | RegExp): boolean {
  // search() starts at the beginning whatever the expression's lastIndex.
  return typeof wanted === "string" ? name === wanted : name.search(wanted) !== -1;
}

function sameOrAny(what: string, found: string, wanted: string | undefined): string[] {
  const isSame = wanted === undefined || found === wanted;
  return isSame ? [] : [`${what} is ${show(found)}, expected ${show(wanted)}`];
}

function isAttribute(found: SpanAttribute | undefined, wanted: ExpectedAttribute): boolean {
  if (typeof wanted === "function") return wanted(found);
  if (wanted instanceof RegExp) return found !== undefined && matchesName(String(found), wanted);
  return Object.is(found, wanted) || JSON.stringify(found) === JSON.stringify(wanted);
}

/** A value as a message shows it. */
export function show(value: ExpectedAttribute): string {
  if (value === undefined) return "absent";
  if (value instanceof RegExp) return String(value);
  return typeof value === "function" ? "a value that is accepted" : JSON.stringify(value);
}

/** One line for a span: its name, its status if it says something, and the attributes named. */
export function describeSpan(
  { name, status, attributes }: {
    readonly name?: string | RegExp | undefined;
    readonly status?: SpanStatusName | undefined;
    readonly attributes?: SpanAttributes | Readonly<Record<string, ExpectedAttribute>> | undefined;
  },
  keys: readonly string[] = Object.keys(attributes ?? {}),
): string {
  const shown = keys.map((key) => `${key}=${show(attributes?.[key])}`);
  return [
    name === undefined ? "(any name)" : String(name),
    ...(status === undefined || status === "unset" ? [] : [`status=${status}`]),
    ...shown,
  ].join("  ");
}

/** How many spans there are of each name, the most frequent first. */
export function summarize(spans: readonly Pick<RecordedSpan, "name" | "status">[]): string {
  const counts = new Map<string, { count: number; failed: number }>();
  for (const { name, status } of spans) {
    const found = counts.get(name) ?? { count: 0, failed: 0 };
    counts.set(name, {
      count: found.count + 1,
      failed: found.failed + (status === "error" ? 1 : 0),
    });
  }
  const lines = [...counts].sort(([, a], [, b]) => b.count - a.count).map(([name, each]) =>
    `${each.count} × ${name}${each.failed === 0 ? "" : ` (${each.failed} failed)`}`
  );
  if (lines.length === 0) return "nothing";
  const rest = lines.length - SUMMARY_LINES;
  return [
    ...lines.slice(0, SUMMARY_LINES),
    ...(rest > 0 ? [`and ${rest} more names`] : []),
  ].join(", ");
}

const SUMMARY_LINES = 20;
