/**
 * Does on one runtime what the README tells a newcomer to do, and looks whether it came true: the
 * records are printed, the program ends when it is told to, and its checkpoints cover what it printed.
 *
 * @module
 */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { cleanEnvironment } from "../setup.mjs";
import { firstProgram, stepsOf } from "./readme.mjs";
import { typeLine } from "./shell.mjs";

const FREE_PORTS = "--kinesis-port 0 --dynamodb-port 0";
const APPLICATION = "--stream orders --application billing";

/**
 * @typedef {object} Try
 * @property {string} folder where the library is installed, or below it
 * @property {Readonly<Record<string, string>>} programs what the commands call, by name
 * @property {import("./readme.mjs").Commands} commands
 * @property {readonly string[]} doors the names under which the library is imported
 */

/**
 * @param {Try} attempt
 * @returns {Promise<void>}
 * @throws {Error} saying which step failed, and what it printed
 */
export async function tryOut({ folder, programs, commands, doors }) {
  writeFileSync(join(folder, "app.mjs"), firstProgram());
  writeFileSync(join(folder, "doors.mjs"), doorsProgram(doors));
  const env = newcomerEnvironment(join(folder, "bin"), programs);
  const [, serve, put, run = ""] = stepsOf(commands);
  await succeed(`exec ${run.replace("app.mjs", "doors.mjs")}`, { cwd: folder, env });
  const servers = typeLine(`${serve} ${FREE_PORTS}`, { cwd: folder, env });
  try {
    await servers.printed(/AWS_SECRET_ACCESS_KEY=.*\n/);
    const place = { cwd: folder, env: { ...env, ...exportsOf(servers.stdout()) } };
    await succeed(put ?? "", place);
    const shardIds = await consume(`exec ${run}`, place);
    // It exits with 1, because no client lives any more.
    const status = typeLine(`${commands.command} status ${APPLICATION} --json`, place);
    await status.ended();
    checkStatus(JSON.parse(status.stdout()), shardIds);
  } finally {
    servers.signal("SIGKILL");
    await servers.ended();
  }
}

/**
 * @param {string} bin a folder to make
 * @param {Readonly<Record<string, string>>} programs
 * @returns {NodeJS.ProcessEnv} nothing of ours, and these programs before all others
 */
export function newcomerEnvironment(bin, programs) {
  mkdirSync(bin);
  for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(bin, name));
  const inherited = Object.entries(cleanEnvironment())
    .filter(([name]) =>
      !/^(AWS|KINSUMER|NODE|DENO|BUN)_/.test(name) || name === "NODE_EXTRA_CA_CERTS"
    );
  return {
    ...Object.fromEntries(inherited),
    PATH: `${bin}${delimiter}${process.env["PATH"]}`,
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_loglevel: "error",
    npm_config_prefer_offline: "true",
    npm_config_update_notifier: "false",
  };
}

/**
 * @param {string} line
 * @param {Parameters<typeof typeLine>[1]} place
 */
export async function succeed(line, place) {
  const typed = typeLine(line, place);
  try {
    if (await typed.ended() !== 0) throw typed.failure("It failed");
  } finally {
    typed.signal("SIGKILL");
  }
}

/**
 * Runs the program until it has printed both records, and stops it.
 *
 * @param {string} line
 * @param {Parameters<typeof typeLine>[1]} place
 * @returns {Promise<string[]>} the shards of what it printed
 */
async function consume(line, place) {
  const program = typeLine(line, place);
  try {
    await program.printed(/ hello\n[^]* world\n| world\n[^]* hello\n/);
    program.signal("SIGTERM");
    if (await program.ended() !== 0) throw program.failure("It did not end well");
    return [...program.stdout().matchAll(/^(shardId-\d+) (?:hello|world)$/gm)]
      .map((match) => match[1] ?? "");
  } finally {
    program.signal("SIGKILL");
  }
}

/**
 * @param {{ shards: readonly any[], clients: readonly any[] }} status what `kinsumer status` says
 * @param {readonly string[]} shardIds those with a record
 */
export function checkStatus({ shards, clients }, shardIds) {
  if (shardIds.length !== 2) throw new Error(`Printed ${shardIds.length} records, wanted 2`);
  if (clients.length !== 0) throw new Error("The client did not leave its fleet");
  for (const shardId of shardIds) {
    const shard = shards.find((each) => each.shardId === shardId);
    const isDone = shard?.sequenceNumber && shard.lagMs === 0 && shard.ownerId === null;
    if (!isDone) throw new Error(`Not checkpointed and released: ${JSON.stringify(shard)}`);
  }
}

/**
 * @param {string} text what `kinsumer local` printed
 * @returns {Record<string, string>}
 */
export function exportsOf(text) {
  const lines = [...text.matchAll(/^export (\w+)=(\S+)$/gm)];
  return Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value]));
}

/** @param {readonly string[]} doors */
function doorsProgram(doors) {
  return doors.map((door) =>
    `if (Object.keys(await import("${door}")).length === 0) throw new Error("${door} is empty");\n`
  ).join("");
}
