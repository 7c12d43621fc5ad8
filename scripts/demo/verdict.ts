/**
 * Says how a run ended: as a box for people, as one JSON object for programs.
 *
 * @module
 */

import { type Account, isSound } from "./account.ts";
import { shortId } from "./board.ts";
import { PACE } from "./client_settings.ts";
import type { FailOver } from "./fail_over.ts";
import {
  grouped,
  type Line,
  seconds,
  type Span,
  span,
  type Style,
  widthOf,
} from "../../src/cli/spans.ts";

/** How a run ended. */
export interface Verdict {
  readonly account: Account;
  readonly failOver: FailOver;
  readonly elapsedMs: number;
  readonly rebalances: number;
  readonly shardMoves: number;
  /** How many clients and shards there were, all told. */
  readonly clients: number;
  readonly shards: number;
  readonly runtime: string;
  /** What went wrong beside the account. */
  readonly problems: readonly string[];
}

/** Whether the library kept its promise, and the run did what it was to show. */
export function isGood({ account, problems }: Verdict): boolean {
  return isSound(account) && problems.length === 0;
}

/** The verdict as one JSON object. */
export function toJson(verdict: Verdict): string {
  const { account: { findings, ...account }, failOver, elapsedMs, problems, ...facts } = verdict;
  return JSON.stringify({
    ok: isGood(verdict),
    ...account,
    seconds: Math.round(elapsedMs / 100) / 10,
    failoverMs: failOver.worstMs,
    failoverMsByShard: Object.fromEntries(
      failOver.shards.map(({ shardId, takenMs }) => [shardId, takenMs]),
    ),
    ...facts,
    configured: PACE,
    problems: [...problems, ...findings],
  });
}

const WIDTH = 76;

/** The verdict as a box; what went wrong stands below it. */
export function toBox(verdict: Verdict): Line[] {
  const { account, problems } = verdict;
  const good = isGood(verdict);
  const style = good ? "green" : "red";
  const head = good
    ? "✓ Every record came, in order, and none twice but for the kill"
    : "✗ The account does not add up";
  const rows = [
    [span(head, good ? "green" : "red")],
    [],
    ...accountRows(account),
    [],
    ...factRows(verdict),
  ];
  return [
    [],
    [span(` ╭${"─".repeat(WIDTH)}╮`, style)],
    ...rows.map((row) => boxed(row, style)),
    [span(` ╰${"─".repeat(WIDTH)}╯`, style)],
    ...[...problems, ...account.findings].map((text): Line => [span(` ✗ ${text}`, "red")]),
  ];
}

function boxed(row: Line, style: Style): Line {
  const space = " ".repeat(Math.max(0, WIDTH - 2 - widthOf(row)));
  return [span(" │ ", style), ...row, span(space), span(" │", style)];
}

function accountRows(account: Account): Line[] {
  const bad = (count: number): Style => count === 0 ? "green" : "red";
  const { lost, duplicatesByKill, duplicatesOtherwise, outOfOrder, unexpected } = account;
  return [
    row("produced", grouped(account.produced)),
    row("consumed", grouped(account.consumed), { words: "different records" }),
    row("lost", grouped(lost), { style: bad(lost) }),
    row("out of order", grouped(outOfOrder), {
      style: bad(outOfOrder),
      words: "by shard, by key, across split and merge",
    }),
    row("twice by the kill", grouped(duplicatesByKill), {
      words: `done after its last checkpoint (one each ${seconds(PACE.commitIntervalMs)})`,
    }),
    row("twice otherwise", grouped(duplicatesOtherwise), { style: bad(duplicatesOtherwise) }),
    ...(unexpected === 0 ? [] : [row("unexpected", grouped(unexpected), { style: "red" })]),
  ];
}

function factRows({ failOver, elapsedMs, ...verdict }: Verdict): Line[] {
  const { victim, shards, worstMs } = failOver;
  const each = shards.map(({ shardId, client, takenMs }) =>
    `${shortId(shardId)} by ${client ?? "nobody"} ${takenMs === undefined ? "" : seconds(takenMs)}`
  );
  const configured = `(dead after ${seconds(PACE.clientRecordMaxAgeMs)}, as configured)`;
  const { clients, rebalances, shardMoves, runtime } = verdict;
  return [
    row("fail-over", worstMs === undefined ? "none" : seconds(worstMs), {
      words: `SIGKILL of ${victim} to the last shard's first record`,
    }),
    ...wrapped(each).map((words) => row("", "", { words })),
    row("", "", { words: configured }),
    row("time", seconds(elapsedMs), {
      words: `${clients} clients, ${verdict.shards} shards, all told; ${runtime}`,
    }),
    row("moves", grouped(shardMoves), { words: `of shards, in ${rebalances} rebalances` }),
  ];
}

function wrapped(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    const isFitting = last !== undefined && last.length + word.length + 2 <= WIDTH - 32;
    if (isFitting) lines[lines.length - 1] = `${last}, ${word}`;
    else lines.push(word);
  }
  return lines;
}

function row(
  name: string,
  value: string,
  { words = "", style = "bold" }: { readonly words?: string; readonly style?: Style } = {},
): Span[] {
  return [span(name.padEnd(17)), span(value.padStart(8), style), span(`  ${words}`, "dim")];
}
