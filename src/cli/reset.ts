/**
 * `kinsumer reset`: puts an application's checkpoints back or forward.
 *
 * @module
 */

import type { ClientRow, Shard } from "../model.ts";
import { type Arguments, type Call, type Command, UsageError } from "./command.ts";
import { rewriteStart } from "./checkpoint_edits.ts";
import { FLEET_OPTIONS } from "./common_options.ts";
import { readTarget, streamNameOf } from "./environment.ts";
import { shortShardId } from "./cells.ts";
import { findLiving } from "./living.ts";
import { type Place, readPlace, TIME_FORMS } from "./moment.ts";
import { planReset, startInWords, type Step } from "./reset_plan.ts";
import { columnsOf, type Shell, writeJson, writeLines } from "./shell.ts";
import { type Line, span, widthOf } from "./spans.ts";
import { openWorld, type World } from "./world.ts";

/** The command. */
export const RESET: Command = {
  name: "reset",
  summary: "Puts checkpoints back or forward: horizon, latest, a time, a sequence number.",
  about: [
    "Shows each checkpoint before and after, and writes nothing unless --yes is given. Stop the " +
    "clients first: while one is alive nothing is written. Whether one is alive is found out by " +
    "watching its row, which takes as long as the age that the row declares.",
    `--to horizon reads all that the stream still keeps; latest skips all that is in it now; ${TIME_FORMS}; ` +
    "a sequence number reads what comes after it, in the one shard that --shard names.",
    "Finished shards are read again where they are put back; children wait for their parents as " +
    "always. Going forward skips records for ever. Each row is written on condition that it is as it " +
    "was shown.",
    "--force writes although clients are alive: an owner then loses the shard at its next checkpoint, " +
    "and what it processed since the last one comes again. Not with Go clients, which end such a shard.",
  ],
  options: {
    ...FLEET_OPTIONS,
    "to": { value: "PLACE", help: "horizon, latest, a time or a sequence number" },
    "shard": {
      value: "ID",
      help: "this shard only: its ID or the number in it; several by commas",
    },
    "yes": { help: "write" },
    "force": { help: "write although clients are alive" },
  },
  examples: [
    ["reset -s orders -a billing --to horizon", "what would happen?"],
    ["reset -s orders -a billing --to 2h --yes", "process the last two hours again"],
    ["reset -s orders -a billing --to latest --shard 3 --yes", "skip what is in one shard"],
  ],
  problem: "a client is alive, or a row changed meanwhile",
  run: reset,
};

async function reset({ args, shell }: Call): Promise<number> {
  const streamName = streamNameOf(args);
  const applicationName = args.required("application");
  const world = openWorld(readTarget(args, shell.env));
  const nowMs = world.clock.nowMs();
  const place = readPlace("to", args.required("to"), nowMs);
  const tables = world.tables(applicationName);
  const living = await livingClient(world, applicationName, shell);
  const shards = await world.stream(streamName).listShards(shell.signal);
  const checkpoints = await tables.checkpoints.list(shell.signal);
  const hasLiving = living !== undefined;
  const shardIds = args.text("shard")?.split(",") ?? [];
  const plan = planReset({ place, shardIds, shards, checkpoints, hasLiving, nowMs });
  await assertReadable(world, { streamName, place, plan, shards }, shell.signal);
  const isRefused = hasLiving && !args.has("force");
  const isWriting = args.has("yes") && !isRefused;
  const outcomes = isWriting
    ? await writeAll(world, { plan, tableName: tables.names.checkpoints }, shell)
    : [];
  const changed = plan.filter(({ shardId }) =>
    outcomes.some((each) => each.shardId === shardId && !each.isWritten)
  );
  const report = { plan, outcomes, living, isWriting };
  await show(report, args, shell);
  return (isRefused && args.has("yes")) || changed.length > 0 ? 1 : 0;
}

/** Watches the clients' rows. */
export function livingClient(
  world: World,
  applicationName: string,
  shell: Shell,
  isAsked: (row: ClientRow) => boolean = () => true,
): Promise<ClientRow | undefined> {
  const { clients } = world.tables(applicationName);
  return findLiving({
    clock: world.clock,
    read: async (signal) => (await clients.list(signal)).filter(isAsked),
    signal: shell.signal,
    onWait: shell.progress,
  });
}

/** A sequence number that is not the shard's must not become a checkpoint: nobody could go on from it. */
async function assertReadable(
  world: World,
  { streamName, place, plan, shards }: {
    readonly streamName: string;
    readonly place: Place;
    readonly plan: readonly Step[];
    readonly shards: readonly Shard[];
  },
  signal: AbortSignal,
): Promise<void> {
  const shardId = plan[0]?.shardId;
  if (place.type !== "sequence" || shardId === undefined) return;
  const { sequenceNumber } = place;
  const shard = shards.find((each) => each.shardId === shardId);
  const first = BigInt(shard?.startingSequenceNumber ?? "0");
  const last = shard?.endingSequenceNumber;
  const isOutside = BigInt(sequenceNumber) < first ||
    (last !== undefined && BigInt(sequenceNumber) > BigInt(last));
  if (isOutside) {
    throw new UsageError(`--to ${sequenceNumber} lies outside of shard "${shardId}"`);
  }
  const position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber } as const;
  await world.stream(streamName).getShardIterator({ shardId, position }, signal);
}

interface Outcome {
  readonly shardId: string;
  /** False: the row was not as it had been shown. */
  readonly isWritten: boolean;
}

async function writeAll(
  world: World,
  { plan, tableName }: { readonly plan: readonly Step[]; readonly tableName: string },
  shell: Shell,
): Promise<readonly Outcome[]> {
  const { dynamodb, runtime } = world;
  const outcomes: Outcome[] = [];
  for (const step of plan) {
    if (step.action === "leave") continue;
    shell.progress(`Writing ${outcomes.length + 1} of ${plan.length} checkpoints ...`);
    const isWritten = await rewriteStart({ dynamodb, tableName, runtime }, step, shell.signal);
    outcomes.push({ shardId: step.shardId, isWritten });
  }
  return outcomes;
}

interface Report {
  readonly plan: readonly Step[];
  readonly outcomes: readonly Outcome[];
  readonly living: ClientRow | undefined;
  readonly isWriting: boolean;
}

async function show(report: Report, args: Arguments, shell: Shell): Promise<void> {
  const { plan, living, isWriting } = report;
  if (args.has("json")) {
    const shards = plan.map((step) => ({
      shardId: step.shardId,
      before: startInWords(step.before),
      after: step.action === "write" ? startInWords(step.after) : startInWords(step.before),
      outcome: outcomeOf(step, report),
    }));
    return await writeJson(shell, {
      isWritten: isWriting,
      livingClientId: living?.clientId ?? null,
      shards,
    });
  }
  await writeLines(shell, resetLines(report, columnsOf(shell)));
  if (living !== undefined) {
    const name = living.clientName ?? living.clientId;
    shell.say(
      args.has("force")
        ? `Client "${name}" is alive: the owners lose their shards at their next checkpoint`
        : `Client "${name}" is alive: stop the fleet first, or give --force`,
    );
  }
  if (!args.has("yes")) shell.say("Nothing was written. To write, give --yes");
}

function outcomeOf(step: Step, { outcomes, isWriting }: Report): string {
  if (step.action === "leave") return step.reason;
  if (!isWriting) return "not written";
  const isWritten = outcomes.find(({ shardId }) => shardId === step.shardId)?.isWritten;
  return isWritten === true ? "written" : "changed meanwhile: not written";
}

/** Before and after, one line a shard; where that is too wide, by the ends of the sequence numbers. */
export function resetLines(report: Report, columns: number): readonly Line[] {
  const whole = drawRows(report, (words) => words);
  const isTooWide = whole.some((line) => widthOf(line) > columns);
  return isTooWide ? drawRows(report, (words) => words.replace(/\d+(?=\d{11}$)/, "…")) : whole;
}

function drawRows(report: Report, shown: (words: string) => string): readonly Line[] {
  const rows = report.plan.map((step) => ({
    shard: shortShardId(step.shardId),
    before: shown(startInWords(step.before)),
    after: step.action === "write" ? shown(startInWords(step.after)) : "stays",
    outcome: outcomeOf(step, report),
  }));
  const width = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));
  const shardWidth = width(["SHARD", ...rows.map(({ shard }) => shard)]);
  const beforeWidth = width(["BEFORE", ...rows.map(({ before }) => before)]);
  const afterWidth = width(["AFTER", ...rows.map(({ after }) => after)]);
  const head = `${"SHARD".padStart(shardWidth)}  ${"BEFORE".padEnd(beforeWidth)}     ` +
    `${"AFTER".padEnd(afterWidth)}  OUTCOME`;
  return [
    [span(head, "dim")],
    ...rows.map(({ shard, before, after, outcome }): Line => [
      span(`${shard.padStart(shardWidth)}  ${before.padEnd(beforeWidth)}  `),
      span("→", "dim"),
      span(`  ${after.padEnd(afterWidth)}  `, after === "stays" ? "dim" : "bold"),
      span(
        outcome,
        outcome === "written" ? "green" : outcome.startsWith("changed") ? "red" : "dim",
      ),
    ]),
  ];
}
