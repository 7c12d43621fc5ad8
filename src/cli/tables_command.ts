/**
 * `kinsumer tables create` and `kinsumer tables delete`.
 *
 * @module
 */

import { createTables, deleteTables, tableNames } from "../tables/schema.ts";
import { type Call, type Command, type OptionSpecs, UsageError } from "./command.ts";
import { APPLICATION, JSON_OUTPUT } from "./common_options.ts";
import { AWS_OPTIONS, readTarget } from "./environment.ts";
import { livingClient } from "./reset.ts";
import { writeJson } from "./shell.ts";
import { openWorld, type World } from "./world.ts";

const OPTIONS: OptionSpecs = { application: APPLICATION, ...AWS_OPTIONS, json: JSON_OUTPUT };

/** The command that makes the tables. */
export const TABLES_CREATE: Command = {
  name: "tables create",
  summary: "Makes an application's three tables, and waits until they can be used.",
  about: [
    "Tables that exist stay as they are. Without capacities they are on-demand, which is right for " +
    "almost everybody.",
  ],
  options: {
    ...OPTIONS,
    "read-units": { value: "N", help: "provisioned capacity of each table, with --write-units" },
    "write-units": { value: "N", help: "provisioned capacity of each table, with --read-units" },
  },
  examples: [["tables create --application billing", "before the first client starts"]],
  problem: "a table was not usable in time, or the service refused",
  run: create,
};

/** The command that deletes the tables. */
export const TABLES_DELETE: Command = {
  name: "tables delete",
  summary: "Deletes an application's three tables, and with them every checkpoint.",
  about: [
    "Shows what it would delete, and deletes only with --yes. While a client is alive nothing is " +
    "deleted; whether one is, is found out by watching its row.",
  ],
  options: {
    ...OPTIONS,
    "yes": { help: "delete" },
    "force": { help: "although clients are alive" },
  },
  examples: [
    ["tables delete --application billing", "what would be deleted?"],
    ["tables delete --application billing --yes", "delete"],
  ],
  problem: "a client is alive, or the service refused",
  run: remove,
};

const WAITER_DELAY_MS = 500;

async function create({ args, shell }: Call): Promise<number> {
  const names = tableNames(args.required("application"));
  const provisioned = capacityOf(args);
  const world = openWorld(readTarget(args, shell.env));
  shell.progress("Waiting until the tables can be used ...");
  await createTables({ ...tableOptions(world), names, provisioned }, shell.signal);
  if (args.has("json")) await writeJson(shell, { tables: Object.values(names), state: "usable" });
  else await shell.write(`${inWords(Object.values(names))} can be used\n`);
  return 0;
}

function capacityOf(args: Call["args"]) {
  const [read, write] = [args.text("read-units"), args.text("write-units")];
  if (read === undefined && write === undefined) return undefined;
  if (read === undefined || write === undefined) {
    throw new UsageError("--read-units and --write-units belong together");
  }
  const range = { min: 1, max: 40_000 };
  return {
    readUnits: args.count("read-units", range),
    writeUnits: args.count("write-units", range),
  };
}

function tableOptions({ clock, dynamodb }: World) {
  return { api: dynamodb, clock, waiterDelayMs: WAITER_DELAY_MS };
}

async function remove({ args, shell }: Call): Promise<number> {
  const applicationName = args.required("application");
  const names = tableNames(applicationName);
  const world = openWorld(readTarget(args, shell.env));
  const found = await existing(world, Object.values(names), shell.signal);
  const living = found.includes(names.clients) && !args.has("force")
    ? await livingClient(world, applicationName, shell)
    : undefined;
  const mayDelete = living === undefined;
  const isDeleting = mayDelete && args.has("yes");
  if (isDeleting && found.length > 0) {
    shell.progress("Waiting until the tables are gone ...");
    await deleteTables({ ...tableOptions(world), names }, shell.signal);
  }
  if (args.has("json")) {
    const livingClientId = living?.clientId ?? null;
    await writeJson(shell, { tables: found, isDeleted: isDeleting, livingClientId });
  } else if (found.length === 0) {
    await shell.write(`Application "${applicationName}" has no tables\n`);
  } else {
    await shell.write(`${inWords(found)} ${isDeleting ? "are gone" : "would be deleted"}\n`);
    if (living !== undefined) {
      shell.say(
        `Client "${
          living.clientName ?? living.clientId
        }" is alive: stop the fleet first, or give --force`,
      );
    } else if (!isDeleting) shell.say("Nothing was deleted. To delete, give --yes");
  }
  return mayDelete || !args.has("yes") ? 0 : 1;
}

async function existing(
  { dynamodb }: World,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const tableName of names) {
    if (await dynamodb.describeTable({ tableName }, signal) !== undefined) found.push(tableName);
  }
  return found;
}

function inWords(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
