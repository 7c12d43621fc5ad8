/**
 * Writes what was observed as tables of a document, and reads them again.
 *
 * @module
 */

import type { Observation, Topic } from "./observation.ts";

/** What one server was observed to do, by behaviour. */
export interface Column {
  readonly title: string;
  readonly observations: ReadonlyMap<string, Observation>;
}

/** One service: what is relied on, and who was asked. */
export interface Service {
  readonly title: string;
  readonly topics: readonly Topic[];
  readonly columns: readonly Column[];
}

const AWS = "AWS (documented)";

/** The cells of a document, by behaviour and column. */
export type Cells = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A service's tables, as Markdown. */
export function renderService({ title, topics, columns }: Service): string {
  const lines = [`## ${title}`, ""];
  for (const topic of topics) {
    const heads = [topic.title, AWS, ...columns.map((column) => column.title)];
    lines.push(row(heads), row(heads.map(() => "---")));
    for (const { behaviour, documented } of topic.probes) {
      const observed = columns.map(({ observations }) => cellOf(observations.get(behaviour)));
      lines.push(row([behaviour, documented ?? "yes", ...observed]));
    }
    lines.push("");
  }
  return lines.join("\n");
}

/** An observation in a few words. */
function cellOf(observation: Observation | undefined): string {
  switch (observation?.verdict) {
    case undefined:
      return "";
    case "holds":
      return observation.how === undefined ? "yes" : `yes: ${observation.how}`;
    case "differs":
      return `**no**: ${observation.how}`;
    case "absent":
      return "**absent**";
    case "no port":
      return "–";
    case "not probed":
      return `not probed: ${observation.why}`;
  }
}

/** Reads the tables of a document. */
export function readCells(document: string): Cells {
  const cells = new Map<string, Map<string, string>>();
  let heads: readonly string[] = [];
  for (const line of document.split("\n")) {
    const parts = partsOf(line);
    if (parts === undefined) heads = [];
    else if (heads.length === 0) heads = parts;
    else if (!parts.every((part) => /^-+$/.test(part))) {
      const [behaviour = "", ...values] = parts;
      cells.set(behaviour, new Map(values.map((value, index) => [heads[index + 1] ?? "", value])));
    }
  }
  return cells;
}

/** What one document says otherwise than another, one line each; and how many cells are the same. */
export function compareCells(
  facts: {
    readonly committed: Cells;
    readonly observed: Cells;
    /** Who was asked. */
    readonly columns: readonly string[];
    /** Behaviours that nobody asked for. */
    readonly skipped: ReadonlySet<string>;
  },
): { readonly same: number; readonly problems: readonly string[] } {
  const { columns, committed, observed, skipped } = facts;
  const problems: string[] = [];
  let same = 0;
  for (const [behaviour, cells] of observed) {
    for (const [column, cell] of cells) {
      const isAsked = columns.includes(column) && !(skipped.has(behaviour) && cell === "");
      if (!isAsked) continue;
      const before = committed.get(behaviour)?.get(column);
      if (before === cell) same++;
      else problems.push(`${column}: ${behaviour}: "${cell}" was observed, "${before}" is told`);
    }
  }
  for (const behaviour of committed.keys()) {
    if (!observed.has(behaviour)) problems.push(`${behaviour}: is told, and not probed any more`);
  }
  return { same, problems };
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function partsOf(line: string): readonly string[] | undefined {
  if (!line.startsWith("| ") || !line.endsWith(" |")) return undefined;
  return line.slice(2, -2).split(" | ").map((cell) => cell.replaceAll("\\|", "|"));
}
