/**
 * Reads docs/observability.md: what it says that can be seen, in a form to compare with.
 *
 * @module
 */

import { inTicks, table } from "../docs/markdown.mjs";

/** A span, as documented. */
export interface DocumentedSpan {
  readonly kind: string;
  /** `–`: it has none. */
  readonly type: string;
}

/** A metric, as documented. */
export interface DocumentedMetric {
  readonly kind: string;
  readonly unit: string;
  /** Its own attributes, beside those that all have. */
  readonly attributes: readonly string[];
}

/** What the page says. */
export interface Documented {
  /** By operation. */
  readonly spans: ReadonlyMap<string, DocumentedSpan>;
  /** For example `Kinesis.GetRecords`. */
  readonly calls: ReadonlySet<string>;
  /** Of which spans each attribute is, in the page's words. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly metrics: ReadonlyMap<string, DocumentedMetric>;
  /** The facts of each event. */
  readonly events: ReadonlyMap<string, readonly string[]>;
}

const PAGE = "docs/observability.md";

type Row = readonly string[];

function rows(heading: string): readonly Row[] {
  return table(PAGE, heading) as readonly Row[];
}

function ticked(cell: string = ""): readonly string[] {
  return inTicks(cell) as readonly string[];
}

function byName<Value>(
  heading: string,
  read: (cells: Row) => Value,
): ReadonlyMap<string, Value> {
  return new Map(
    rows(heading).map(([name, ...cells]): [string, Value] => [ticked(name)[0] ?? "", read(cells)]),
  );
}

/** Reads the page. */
export function readDocumented(): Documented {
  const services = rows("service").map(([service = "", calls]) =>
    ticked(calls).map((each) => `${service}.${each}`)
  );
  return {
    spans: byName("span", ([kind = "", type = ""]) => ({ kind, type })),
    calls: new Set(services.flat()),
    attributes: byName("attribute", ([of = ""]) => of.split(", ")),
    metrics: byName("metric", ([kind = "", unit, attributes]) => ({
      kind,
      unit: ticked(unit)[0] ?? "",
      attributes: ticked(attributes),
    })),
    events: byName("event", ([, facts]) => ticked(facts)),
  };
}
