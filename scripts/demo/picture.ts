/**
 * Draws the board: who owns which shard since the start, records and lag, the clients, and what
 * happened last, in as many lines as the terminal has.
 *
 * @module
 */

import { ABSENT, type Board, type ClientView, NOBODY, type ShardView, shortId } from "./board.ts";
import { PACE } from "./client_settings.ts";
import type { LogLine } from "./log.ts";
import { bar, grouped, type Line, seconds, type Span, span, widthOf } from "../../src/cli/spans.ts";

/** Where the picture is shown. */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  /** Without colours the strip has the clients' letters. */
  readonly isColoured: boolean;
}

const MAX_LOG_LINES = 8;
/** Columns of a shard's row before its strip. */
const STRIP_FROM = 33;

/** The configured values that decide how fast things go. */
export const PACE_IN_WORDS: string = `heartbeat ${PACE.shardCheckIntervalMs} ms, ` +
  `dead after ${grouped(PACE.clientRecordMaxAgeMs)} ms, ` +
  `checkpoint ${grouped(PACE.commitIntervalMs)} ms, read ${PACE.throttleDelayMs} ms`;

/** The picture; never higher than the frame. */
export function draw(board: Board, frame: Frame): readonly Line[] {
  const isLow = frame.rows < 22 + board.shards.size - 8;
  const gap: Line[] = isLow ? [] : [[]];
  const top: Line[] = [
    titleLine(board, frame),
    [span(` ${PACE_IN_WORDS}`, "dim")],
    ...gap,
    [span(" ▶ ", "yellow"), span(board.headline, "bold")],
    ...gap,
    ...progressLines(board, frame),
    ...gap,
  ];
  const bottom: Line[] = [...gap, ...clientLines(board, frame.columns), ...gap];
  // The last row stays free: writing into it would scroll some terminals.
  const room = frame.rows - 1 - top.length - bottom.length;
  const shards = shardLines(board, frame, room);
  const logRoom = Math.max(0, Math.min(MAX_LOG_LINES, room - shards.length));
  const log = logRoom === 0 ? [] : board.log.lines.slice(-logRoom).map(logLine);
  return [...top, ...shards, ...bottom, ...log].slice(0, frame.rows - 1);
}

/** One thing that happened. */
export function logLine({ atMs, client, text, shards }: LogLine): Line {
  const when = span(` ${seconds(atMs).padStart(7)}  `, "dim");
  if (client === undefined) return [when, span("▶ ", "yellow"), span(text, "bold")];
  const object = shards.length === 0 ? "" : ` shard${shards.length > 1 ? "s" : ""} `;
  return [when, span(client, `client ${client}`), span(` ${text}${object}${shards.join(", ")}`)];
}

function titleLine(board: Board, { columns, nowMs }: Frame): Line {
  const left = [span(" Kinsumer", "title"), span(` ${board.title}`)];
  const right = seconds(board.elapsedMs(nowMs));
  const space = columns - widthOf(left) - right.length - 1;
  return space < 1 ? left : [...left, span(" ".repeat(space)), span(right, "bold")];
}

function progressLines(board: Board, { columns }: Frame): Line[] {
  const { consumedCount, producedCount, total } = board;
  const width = Math.max(10, columns - 36);
  const line = (name: string, count: number, after: string): Line => {
    const { full, rest } = bar(count / total, width);
    const style = name === "produced" ? "plain" : "green";
    return [
      span(` ${name} `),
      span(full, style),
      span(rest, "dim"),
      span(grouped(count).padStart(9)),
      span(after, "dim"),
    ];
  };
  const lag = Math.max(0, producedCount - consumedCount);
  return [
    line("produced", producedCount, ` of ${grouped(total)}`),
    line("consumed", consumedCount, ` lag ${grouped(lag)}`),
  ];
}

function shardLines(board: Board, frame: Frame, room: number): Line[] {
  const all = [...board.shards.values()].sort((a, b) => a.shardId < b.shardId ? -1 : 1);
  // Where there is not room for all, what is finished goes first.
  const fitting = all.length + 1 <= room ? all : all.filter((shard) => !shard.isFinished);
  const shown = fitting.length + 1 <= room ? fitting : fitting.slice(0, Math.max(0, room - 2));
  const hidden = all.length - shown.length;
  const head = span(
    " shard  owner    records     lag  who read it, from the start until now",
    "dim",
  );
  const isOver = [...board.clients.values()].every(({ state }) => isGone(state));
  const rows = shown.map((shard) => shardLine(shard, frame, isOver));
  const more = hidden > 0 ? [[span(`        and ${hidden} more`, "dim")]] : [];
  return [[head], ...rows, ...more].slice(0, Math.max(0, room));
}

function isGone(state: ClientView["state"]): boolean {
  return state === "stopped" || state === "killed";
}

/** @param isOver no client is left, so that nobody's absence is worth a colour */
function shardLine(shard: ShardView, frame: Frame, isOver: boolean): Line {
  const lag = Math.max(0, shard.producedCount - shard.consumed.size);
  const lagText = grouped(lag).padStart(6);
  return [
    span(shortId(shard.shardId).padStart(6)),
    span("  "),
    ownerSpan(shard, isOver),
    span(grouped(shard.consumed.size).padStart(7)),
    span("  "),
    span(lagText, lag === 0 ? "dim" : lag > 200 ? "yellow" : "plain"),
    span("  "),
    ...stripSpans(shard.strip, Math.max(8, frame.columns - STRIP_FROM - 2), frame.isColoured),
  ];
}

function ownerSpan({ owner, isFinished }: ShardView, isOver: boolean): Span {
  if (isFinished) return span("✓ done  ", "dim");
  if (owner === undefined) return span("○ nobody", isOver ? "dim" : "red");
  return span(`● ${owner}`.padEnd(8), `client ${owner}`);
}

/** A cell for one sample, or for several of them: then the latest owner in it shows. */
function stripSpans(strip: readonly string[], width: number, isColoured: boolean): Span[] {
  const samplesACell = Math.ceil(strip.length / width);
  const spans: Span[] = [];
  for (let from = 0; from < strip.length; from += samplesACell) {
    const samples = strip.slice(from, from + samplesACell);
    const owner = samples.filter((each) => each !== NOBODY && each !== ABSENT).at(-1);
    if (owner !== undefined) spans.push(span(isColoured ? "▆" : owner, `client ${owner}`));
    else spans.push(span(samples.includes(NOBODY) ? NOBODY : ABSENT, "red"));
  }
  return spans;
}

function clientLines(board: Board, columns: number): Line[] {
  const lines: Span[][] = [[span(" clients  ", "dim")]];
  for (const client of board.clients.values()) {
    const words = clientSpans(client, board.shardsOf(client.name).length);
    const last = lines.at(-1)!;
    const isFull = widthOf(last) + widthOf(words) > columns && last.length > 1;
    if (isFull) lines.push([span("          "), ...words]);
    else last.push(...words);
  }
  return lines;
}

function clientSpans({ name, state, isLeader, deliveredCount }: ClientView, owned: number): Span[] {
  const style = `client ${name}` as const;
  const count = `${grouped(deliveredCount)} records`;
  if (state === "killed") return [span(`✖ ${name}`, "red"), span(` killed, ${count}   `, "dim")];
  if (state === "stopped") return [span(`■ ${name}`, style), span(` stopped, ${count}   `, "dim")];
  if (state === "starting") return [span(`… ${name}`, style), span(" starting   ", "dim")];
  const role = isLeader ? " leads," : "";
  const words = state === "stopping" ? " stopping," : role;
  const shards = owned === 1 ? "1 shard" : `${owned} shards`;
  return [span(`● ${name}`, style), span(`${words} ${shards}, ${count}   `)];
}
