/**
 * `kinsumer status`: one look at a fleet.
 *
 * @module
 */

import type { Call, Command } from "./command.ts";
import { FLEET_OPTIONS, NO_LAG } from "./common_options.ts";
import { readTarget, streamNameOf } from "./environment.ts";
import { gatherFacts } from "./fleet_facts.ts";
import { fleetLines } from "./fleet_lines.ts";
import { viewFleet } from "./fleet_view.ts";
import { columnsOf, writeJson, writeLines } from "./shell.ts";
import { openWorld } from "./world.ts";

/** The command. */
export const STATUS: Command = {
  name: "status",
  summary: "Shows who consumes a stream: clients, shards, checkpoints, lag.",
  about: [
    "Reads the tables and the stream, and writes nothing; no client need be alive. " +
    "A client is silent when its last beat is older than the age that it declares, by wall clocks.",
    "The lag of a shard is how long the first record after its checkpoint has waited. It costs one " +
    "GetShardIterator and one GetRecords of one record for each shard that may be read now, out of " +
    "the five reads that a shard allows a second over all applications. ≤ marks what may be " +
    "less: of a shard without a checkpoint the oldest record was looked at, and with --no-lag the " +
    "moment counts through which the row says that all is processed, at most a minute ago.",
    "A shard is owned; stuck (its owner is not alive); free (nobody owns it, and it may be read); " +
    "waiting (for its parents); finished; or gone from the stream.",
  ],
  options: { ...FLEET_OPTIONS, "no-lag": NO_LAG },
  examples: [
    ["status --stream orders --application billing", "one look"],
    ["status -s orders -a billing --json | jq .maxLagMs", "for a script"],
  ],
  problem: "a client is silent, a shard has no living owner, nobody leads, or the look failed",
  run: status,
};

async function status({ args, shell }: Call): Promise<number> {
  const streamName = streamNameOf(args);
  const applicationName = args.required("application");
  const world = openWorld(readTarget(args, shell.env));
  shell.progress(`Looking at stream "${streamName}" ...`);
  const hasLag = !args.has("no-lag");
  const facts = await gatherFacts(world, { streamName, applicationName, hasLag }, shell.signal);
  const view = viewFleet(facts);
  if (args.has("json")) await writeJson(shell, view);
  else {
    const drawing = { columns: shell.columns, sentenceColumns: columnsOf(shell) };
    await writeLines(shell, fleetLines(view, drawing));
  }
  return view.problems.length === 0 ? 0 : 1;
}
