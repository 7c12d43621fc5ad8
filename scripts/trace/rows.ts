/**
 * Chooses, of all recorded spans, those of one order: from its producer to its checkpoint. Pure.
 *
 * @module
 */

import type { RecordedSpan } from "../../testing/spans_model.ts";

/** One line of the picture. */
export interface Row {
  readonly span: RecordedSpan;
  /** Who does it. */
  readonly lane: "producer" | "consumer";
  /** How deep it is nested. */
  readonly depth: number;
}

/** A link between two lines, by their places. */
export interface Link {
  readonly from: number;
  readonly to: number;
}

/** What is drawn. */
export interface Journey {
  readonly rows: readonly Row[];
  readonly links: readonly Link[];
}

/**
 * The spans of the records that one trace of the producer published.
 *
 * @throws {Error} when a part of the way was not recorded
 */
export function journeyOf(spans: readonly RecordedSpan[], publishName: string): Journey {
  const publish = named(spans, (span) => span.name === publishName, publishName);
  const root = spans.find((span) => span.spanId === publish.parentSpanId) ?? publish;
  const calls = spans.filter((span) => span.links.some((link) => link.spanId === publish.spanId));
  const [first] = calls;
  const lastMs = Math.max(...calls.map((call) => call.endMs));
  if (first === undefined) throw new Error(`No span links to ${publishName}`);
  const shardId = first.attributes["messaging.destination.partition.id"];
  const isOfShard = (span: RecordedSpan, operation: string): boolean =>
    span.attributes["messaging.operation.name"] === operation &&
    span.attributes["messaging.destination.partition.id"] === shardId;
  const read = named(
    spans,
    (span) =>
      isOfShard(span, "read") && Number(span.attributes["messaging.batch.message_count"]) > 0,
    "read",
  );
  const commit = named(
    spans,
    (span) => isOfShard(span, "commit") && span.startMs >= lastMs,
    "commit",
  );
  const rows = [
    ...below(spans, root).map((row) => ({ ...row, lane: "producer" }) as const),
    ...[read, ...calls, commit].flatMap((span) =>
      below(spans, span).map((row) => ({ ...row, lane: "consumer" }) as const)
    ),
  ];
  const place = (span: RecordedSpan): number => rows.findIndex((row) => row.span === span);
  return { rows, links: calls.map((call) => ({ from: place(publish), to: place(call) })) };
}

function named(
  spans: readonly RecordedSpan[],
  isWanted: (span: RecordedSpan) => boolean,
  what: string,
): RecordedSpan {
  const found = spans.find(isWanted);
  if (found === undefined) throw new Error(`No span "${what}" was recorded`);
  return found;
}

/** A span and all that are parts of it. */
function below(
  spans: readonly RecordedSpan[],
  span: RecordedSpan,
  depth = 0,
): readonly { readonly span: RecordedSpan; readonly depth: number }[] {
  const parts = spans.filter((each) => each.parentSpanId === span.spanId);
  return [{ span, depth }, ...parts.flatMap((part) => below(spans, part, depth + 1))];
}
