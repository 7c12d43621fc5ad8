/**
 * Asserts that recorded spans form a tree, and draws the expected and the actual one where they do
 * not.
 *
 * @module
 */

import { failure, spansOf, type SpanSource } from "./spans_assert.ts";
import { describeSpan, differencesOf, type ExpectedSpan, summarize } from "./spans_match.ts";
import type { RecordedSpan } from "./spans_model.ts";

/** What a test expects of a span and of the spans that are parts of it. */
export interface ExpectedSpanTree extends ExpectedSpan {
  /** In the order in which they start. Absent: not looked at; empty: there must be none. */
  readonly children?: readonly ExpectedSpanTree[] | undefined;
}

/** How strictly children are compared. */
export interface SpanTreeOptions {
  /** Lets a span have children that are not expected. @default {false} */
  readonly mayHaveMore?: boolean | undefined;
  /** Lets children come in any order, for work that runs side by side. @default {false} */
  readonly inAnyOrder?: boolean | undefined;
}

interface Node {
  readonly span: RecordedSpan;
  readonly children: readonly Node[];
}

/** The first place, from the root down, where the trees differ. */
interface Difference {
  readonly reason: string;
  readonly expected?: ExpectedSpanTree | undefined;
  readonly actual?: Node | undefined;
  /** How many spans were as expected before it. */
  readonly matched: number;
}

/**
 * Asserts that a recorded span and its descendants are as expected. The tree may hang anywhere: its
 * root need not be the root of a trace.
 *
 * ```ts
 * import { assertSpanTree, recordSpans } from "kinsumer/testing";
 *
 * const spans = await recordSpans();
 * // … the application consumes …
 * assertSpanTree(spans, {
 *   name: "process orders",
 *   status: "unset",
 *   children: [{ name: "charge", attributes: { currency: "EUR" } }],
 * });
 * await spans.stop();
 * ```
 *
 * @returns the root
 * @throws {AssertionError} otherwise, with both trees and a mark at the first difference
 */
export function assertSpanTree(
  source: SpanSource,
  expected: ExpectedSpanTree,
  options: SpanTreeOptions = {},
): RecordedSpan {
  const spans = spansOf(source);
  const candidates = toNodes(spans).filter(({ span }) =>
    differencesOf(span, { name: expected.name }).length === 0
  );
  let closest: { readonly root: Node; readonly difference: Difference } | undefined;
  for (const root of candidates) {
    const difference = compare(expected, root, options);
    if (difference === undefined) return root.span;
    const isCloser = closest === undefined || difference.matched > closest.difference.matched;
    if (isCloser) closest = { root, difference };
  }
  throw failure(
    "assertSpanTree",
    closest === undefined
      ? rootMissing(expected, spans)
      : treesDiffer({ expected, ...closest, candidateCount: candidates.length }),
  );
}

/** Every span with those below it, in the order in which they started. */
function toNodes(spans: readonly RecordedSpan[]): readonly Node[] {
  const nodes = new Map(spans.map((span) => [keyOf(span.traceId, span.spanId), {
    span,
    children: [] as Node[],
  }]));
  const sorted = [...nodes.values()].sort((a, b) => a.span.startMs - b.span.startMs);
  for (const node of sorted) {
    const { traceId, parentSpanId } = node.span;
    if (parentSpanId !== undefined) nodes.get(keyOf(traceId, parentSpanId))?.children.push(node);
  }
  return sorted;
}

function keyOf(traceId: string, spanId: string): string {
  return `${traceId}/${spanId}`;
}

function compare(
  expected: ExpectedSpanTree,
  actual: Node,
  options: SpanTreeOptions,
): Difference | undefined {
  const reasons = differencesOf(actual.span, expected);
  if (reasons.length > 0) return { reason: reasons.join("; "), expected, actual, matched: 0 };
  if (expected.children === undefined) return undefined;
  const pairing = options.inAnyOrder ? pairInAnyOrder : options.mayHaveMore ? pairInOrder : pairAll;
  const { difference, paired } = pairing(expected.children, actual.children, options);
  if (difference !== undefined) return { ...difference, matched: difference.matched + 1 };
  const extra = options.mayHaveMore
    ? undefined
    : actual.children.find((child) => !paired.has(child));
  if (extra === undefined) return undefined;
  return {
    reason: `"${extra.span.name}" is not expected`,
    actual: extra,
    matched: 1 + paired.size,
  };
}

interface Pairing {
  readonly paired: ReadonlySet<Node>;
  readonly difference?: Difference | undefined;
}

type Pair = (
  expected: readonly ExpectedSpanTree[],
  actual: readonly Node[],
  options: SpanTreeOptions,
) => Pairing;

/** The first with the first, the second with the second. */
const pairAll: Pair = (expected, actual, options) => {
  const paired = new Set<Node>();
  for (const [index, wanted] of expected.entries()) {
    const child = actual[index];
    const difference = child === undefined ? missing(wanted) : compare(wanted, child, options);
    if (difference !== undefined) {
      return { paired, difference: { ...difference, matched: difference.matched + paired.size } };
    }
    if (child !== undefined) paired.add(child);
  }
  return { paired };
};

/** Each with the next that is as expected; what lies between is left out. */
const pairInOrder: Pair = (expected, actual, options) => {
  const paired = new Set<Node>();
  let from = 0;
  for (const wanted of expected) {
    const rest = actual.slice(from);
    const index = rest.findIndex((child) => compare(wanted, child, options) === undefined);
    const found = rest[index];
    if (found === undefined) {
      return { paired, difference: closestOf(wanted, rest, { options, paired: paired.size }) };
    }
    paired.add(found);
    from += index + 1;
  }
  return { paired };
};

/** As many as can be, whichever they are: each new one may push those before it to another. */
const pairInAnyOrder: Pair = (expected, actual, options) => {
  const taken = new Map<Node, ExpectedSpanTree>();
  const seat = (wanted: ExpectedSpanTree, tried: Set<Node>): boolean =>
    actual.some((child) => {
      if (tried.has(child) || compare(wanted, child, options) !== undefined) return false;
      tried.add(child);
      const other = taken.get(child);
      if (other !== undefined && !seat(other, tried)) return false;
      taken.set(child, wanted);
      return true;
    });
  for (const wanted of expected) {
    if (seat(wanted, new Set())) continue;
    const rest = actual.filter((child) => !taken.has(child));
    const paired = new Set(taken.keys());
    return { paired, difference: closestOf(wanted, rest, { options, paired: paired.size }) };
  }
  return { paired: new Set(taken.keys()) };
};

/** Why none of these is as expected: what differs in the one of that name, or that it is missing. */
function closestOf(
  wanted: ExpectedSpanTree,
  rest: readonly Node[],
  { options, paired }: { readonly options: SpanTreeOptions; readonly paired: number },
): Difference {
  const named = rest.find(({ span }) => differencesOf(span, { name: wanted.name }).length === 0);
  const difference = (named && compare(wanted, named, options)) ?? missing(wanted);
  return { ...difference, matched: difference.matched + paired };
}

function missing(expected: ExpectedSpanTree): Difference {
  return { reason: `${describeSpan(expected)} is missing`, expected, matched: 0 };
}

function rootMissing(expected: ExpectedSpanTree, spans: readonly RecordedSpan[]): string[] {
  return [
    `No span is named ${String(expected.name)}`,
    "",
    "expected",
    ...drawExpected(expected, undefined),
    "",
    `recorded: ${summarize(spans)}`,
  ];
}

function treesDiffer(
  { expected, root, difference, candidateCount }: {
    readonly expected: ExpectedSpanTree;
    readonly root: Node;
    readonly difference: Difference;
    readonly candidateCount: number;
  },
): string[] {
  const actual = drawActual(root, difference, keysOf(expected));
  const of = candidateCount === 1 ? "" : ` (the closest of ${candidateCount})`;
  return [
    `The spans differ: ${difference.reason}`,
    "",
    "expected",
    ...drawExpected(expected, difference.expected),
    "",
    `actual${of}`,
    ...actual.slice(0, DRAWN),
    ...(actual.length > DRAWN ? [`  … and ${actual.length - DRAWN} more`] : []),
  ];
}

const DRAWN = 60;

/** The attributes that the test speaks of: the others would hide them. */
function keysOf(tree: ExpectedSpanTree): readonly string[] {
  const below = (tree.children ?? []).flatMap(keysOf);
  return [...new Set([...Object.keys(tree.attributes ?? {}), ...below])];
}

function drawExpected(
  tree: ExpectedSpanTree,
  marked: ExpectedSpanTree | undefined,
  depth = 0,
): string[] {
  return [
    line({ isMarked: tree === marked, depth, text: describeSpan(tree) }),
    ...(tree.children ?? []).flatMap((child) => drawExpected(child, marked, depth + 1)),
  ];
}

function drawActual(
  node: Node,
  difference: Difference,
  keys: readonly string[],
  depth = 0,
): string[] {
  const { span, children } = node;
  const isMarked = node === difference.actual;
  const shown = [...keys, "error.type"].filter((key) => span.attributes[key] !== undefined);
  return [
    line({ isMarked, depth, text: describeSpan(span, [...new Set(shown)]) }),
    ...children.flatMap((child) => drawActual(child, difference, keys, depth + 1)),
  ];
}

function line(
  { isMarked, depth, text }: {
    readonly isMarked: boolean;
    readonly depth: number;
    readonly text: string;
  },
): string {
  return `${isMarked ? ">" : " "} ${"  ".repeat(depth)}${text}`;
}
