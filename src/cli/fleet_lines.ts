/**
 * Draws a fleet: clients, shards, problems. Pure: view in, lines out, cut by whoever prints them.
 *
 * @module
 */

import { age, clientStyle, columnWidth, fit, lagSpan } from "./cells.ts";
import type { ClientView, FleetView } from "./fleet_view.ts";
import { type ShardDrawing, shardLines } from "./shard_lines.ts";
import { type Line, span, type Style, wrap } from "./spans.ts";

/** What decides how it is drawn. */
export interface Drawing extends ShardDrawing {
  /** Sentences that are longer go on in the next line. Absent: none does. */
  readonly sentenceColumns?: number | undefined;
}

/** The whole picture. */
export function fleetLines(view: FleetView, drawing: Drawing): readonly Line[] {
  const sentences = (lines: readonly Line[], indent: number): readonly Line[] =>
    lines.flatMap((line) =>
      wrap(line, { columns: drawing.sentenceColumns ?? Number.POSITIVE_INFINITY, indent })
    );
  return [
    ...sentences(headLines(view), 0),
    [],
    ...clientLines(view, drawing),
    [],
    ...shardLines(view, drawing),
    [],
    ...sentences(problemLines(view), 2),
  ];
}

/** Stream, application and sums. */
function headLines(view: FleetView): readonly Line[] {
  const living = view.clients.filter(({ state }) => state !== "silent").length;
  const open = view.shards.filter(({ status }) => status !== "finished" && status !== "gone");
  const owned = open.filter(({ status }) => status === "owned").length;
  return [
    [
      span("Kinsumer", "title"),
      span(`  stream `),
      span(view.streamName, "bold"),
      span(` ${view.streamStatus}`, view.streamStatus === "ACTIVE" ? "green" : "yellow"),
      span("  application "),
      span(view.applicationName, "bold"),
    ],
    [
      span(
        `${living} of ${view.clients.length} clients alive, ${owned} of ${open.length} shards owned`,
      ),
      span(", lag at most "),
      lagSpan(view.maxLagMs, false),
    ],
  ];
}

/** Columns of a client's line beside its name. */
const CLIENT_COLUMNS = 40;

function clientLines(view: FleetView, { columns }: Drawing): readonly Line[] {
  if (view.clients.length === 0) return [[span("No clients", "dim")]];
  const width = columnWidth(view.clients.map(({ clientName }) => clientName), {
    min: 8,
    max: Math.max(8, Math.min(36, columns - CLIENT_COLUMNS)),
  });
  const head = `  ${"CLIENT".padEnd(width)}  STATE    ${"LAST BEAT".padStart(10)}  SHARDS  ROLE`;
  return [[span(head, "dim")], ...view.clients.map((client) => clientLine(client, width, view))];
}

const CLIENT_STYLES: Readonly<Record<ClientView["state"], Style>> = {
  alive: "green",
  leaving: "yellow",
  silent: "red",
};

function clientLine(client: ClientView, width: number, view: FleetView): Line {
  const role = [client.isLeader ? "leads" : "", client.isGo ? "Go" : ""].filter((word) =>
    word !== ""
  );
  return [
    span("● ", clientStyle(view, client.clientId)),
    span(fit(client.clientName, width)),
    span(`  ${client.state.padEnd(7)}`, CLIENT_STYLES[client.state]),
    span(`  ${`${age(client.beatAgeMs)} ago`.padStart(10)}`),
    span(`  ${String(client.ownedCount).padStart(6)}`),
    span(`  ${role.join(", ")}`, "bold"),
  ].filter(({ text }) => text.trim() !== "");
}

/** What somebody should look at. */
function problemLines(view: FleetView): readonly Line[] {
  if (view.problems.length === 0) return [[span("✓ ", "green"), span("no problem")]];
  return view.problems.map((problem): Line => [span("✗ ", "red"), span(problem)]);
}
