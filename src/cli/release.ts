/**
 * `kinsumer release`: takes a shard from an owner that is not alive.
 *
 * @module
 */

import type { Call, Command } from "./command.ts";
import { removeOwner } from "./checkpoint_edits.ts";
import { AWS_OPTIONS, readTarget } from "./environment.ts";
import { APPLICATION, JSON_OUTPUT } from "./common_options.ts";
import { fullShardId } from "./reset_plan.ts";
import { livingClient } from "./reset.ts";
import { type Shell, writeJson } from "./shell.ts";
import { openWorld } from "./world.ts";

/** The command. */
export const RELEASE: Command = {
  name: "release",
  summary: "Takes a stuck shard from an owner that is not alive.",
  about: [
    "The fleet does so by itself, in seconds; Go clients wait for five minutes. The checkpoint stays " +
    "where it is, and the next owner goes on from there.",
    "While the owner is alive nothing is written; whether it is, is found out by watching its row. " +
    "--force takes the shard all the same: the owner notices at its next checkpoint, and what it " +
    "processed since the last one comes again.",
  ],
  options: {
    application: APPLICATION,
    "shard": { value: "ID", help: "the shard: its ID or the number in it" },
    "force": { help: "although the owner is alive" },
    ...AWS_OPTIONS,
    json: JSON_OUTPUT,
  },
  examples: [["release -a billing --shard 3", "free the shard shardId-000000000003"]],
  problem: "the owner is alive, or the row changed meanwhile",
  run: release,
};

type Outcome = "released" | "had no owner" | "owner is alive" | "changed meanwhile";

async function release({ args, shell }: Call): Promise<number> {
  const applicationName = args.required("application");
  const shardId = fullShardId(args.required("shard"));
  const world = openWorld(readTarget(args, shell.env));
  const tables = world.tables(applicationName);
  const before = await tables.checkpoints.read(shardId, shell.signal);
  const ownerId = before?.ownerId;
  const tell = (outcome: Outcome) => report(shell, { shardId, ownerId, outcome }, args.has("json"));
  if (before === undefined || ownerId === undefined) return await tell("had no owner");
  const isOwner = ({ clientId }: { readonly clientId: string }): boolean => clientId === ownerId;
  const living = args.has("force")
    ? undefined
    : await livingClient(world, applicationName, shell, isOwner);
  if (living !== undefined) return await tell("owner is alive");
  const { dynamodb, runtime } = world;
  const editing = { dynamodb, runtime, tableName: tables.names.checkpoints };
  return await tell(
    await removeOwner(editing, before, shell.signal) ? "released" : "changed meanwhile",
  );
}

async function report(
  shell: Shell,
  facts: {
    readonly shardId: string;
    readonly ownerId: string | undefined;
    readonly outcome: Outcome;
  },
  isJson: boolean,
): Promise<number> {
  const { shardId, ownerId = null, outcome } = facts;
  if (isJson) await writeJson(shell, { shardId, ownerId, outcome });
  else await shell.write(`Shard "${shardId}": ${sentence(outcome, ownerId)}\n`);
  return outcome === "released" || outcome === "had no owner" ? 0 : 1;
}

function sentence(outcome: Outcome, ownerId: string | null): string {
  switch (outcome) {
    case "released":
      return `released; it was owned by "${ownerId}"`;
    case "had no owner":
      return "has no owner; nothing to do";
    case "owner is alive":
      return `its owner "${ownerId}" is alive; stop it, or give --force`;
    case "changed meanwhile":
      return "somebody wrote its row meanwhile; nothing was done";
  }
}
