/**
 * `kinsumer doctor`: looks for what keeps a client from working, and says what to do.
 *
 * @module
 */

import process from "node:process";
import type { KinsumerError } from "../errors.ts";
import { HASH_KEYS, type TableNames } from "../tables/schema.ts";
import { type Call, type Command, UsageError } from "./command.ts";
import { FLEET_OPTIONS } from "./common_options.ts";
import {
  type CheckResult,
  judgeCapacity,
  judgeClock,
  judgeStream,
  judgeTable,
  judgeThrottleDelay,
  policyFor,
} from "./doctor_checks.ts";
import {
  attempt,
  describeStream,
  describeTable,
  type Probe,
  probeReads,
  probeTable,
  streamArn,
  tableArn,
} from "./doctor_probes.ts";
import { readTarget, streamNameOf, type Target } from "./environment.ts";
import { gatherFacts } from "./fleet_facts.ts";
import { viewFleet } from "./fleet_view.ts";
import { columnsOf, type Shell, writeJson, writeLines } from "./shell.ts";
import { type Line, span, type Style, wrap } from "./spans.ts";
import { VERSION } from "./version.ts";
import { openWorld, type World } from "./world.ts";

/** The command. */
export const DOCTOR: Command = {
  name: "doctor",
  summary: "Checks credentials, clock, permissions, stream, tables, limits and the fleet.",
  about: [
    "Makes every call that a client makes, and changes nothing: writes are sent on a condition that " +
    "cannot hold. Reads one record of up to ten shards. What is missing is named as policies name it, " +
    "with a policy that grants it. CreateTable and DeleteTable are not tried.",
    "--applications says how many applications read the stream, which decides throttleDelayMs.",
  ],
  options: {
    ...FLEET_OPTIONS,
    "applications": {
      value: "N",
      help: "how many applications read the stream, 1 to 20",
      default: "1",
    },
  },
  examples: [
    ["doctor --stream orders --application billing", "is everything as it should be?"],
    ["doctor -s orders -a billing --profile staging --json", "as another user, for a script"],
  ],
  problem: "something failed",
  run: doctor,
};

/** What the checks need. */
interface Examination {
  readonly world: World;
  readonly shell: Shell;
  readonly streamName: string;
  readonly applicationName: string;
  readonly applications: number;
  readonly results: CheckResult[];
  readonly missing: { readonly action: string; readonly resource: string }[];
}

async function doctor({ args, shell }: Call): Promise<number> {
  const streamName = streamNameOf(args);
  const applicationName = args.required("application");
  const applications = args.count("applications", { min: 1, max: 20 });
  const results: CheckResult[] = [{
    name: "runtime",
    state: "ok",
    words: `${runtimeInWords()}, Kinsumer ${VERSION}`,
  }];
  const target = findTarget(() => readTarget(args, shell.env), results);
  const missing: Examination["missing"] = [];
  if (target !== undefined) {
    const world = openWorld(target);
    const facts = { world, shell, streamName, applicationName, applications, results, missing };
    await examine(facts);
  }
  const policy = missing.length === 0 ? undefined : policyFor(missing);
  if (args.has("json")) await writeJson(shell, { checks: results, policy: policy ?? null });
  else await show(shell, results, policy);
  return results.some(({ state }) => state === "failed") ? 1 : 0;
}

async function show(
  shell: Shell,
  results: readonly CheckResult[],
  policy: unknown,
): Promise<void> {
  await writeLines(shell, doctorLines(results, columnsOf(shell)));
  if (policy === undefined) return;
  await writeLines(shell, [[], [span("This policy grants what is missing:", "bold")]]);
  // The terminal may wrap it: so it can be copied.
  await shell.write(`${JSON.stringify(policy, undefined, 2)}\n`);
}

function findTarget(read: () => Target, results: CheckResult[]): Target | undefined {
  try {
    const target = read();
    const { credentialsSource, kinesisEndpoint, dynamodbEndpoint, region } = target;
    results.push(
      { name: "region", state: "ok", words: `${region}: ${kinesisEndpoint}, ${dynamodbEndpoint}` },
      { name: "credentials", state: "ok", words: `from ${credentialsSource}` },
    );
    return target;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    results.push({ name: "set-up", state: "failed", words: error.message });
    return undefined;
  }
}

async function examine(facts: Examination): Promise<void> {
  const { applications, results, shell, world } = facts;
  shell.progress("Asking the stream ...");
  const { accountId, openShardCount, throttledShardIds } = await examineStream(facts);
  shell.progress("Asking the tables ...");
  // The stream of an ARN may be another account's; the tables are one's own.
  const owner = world.target.streamArn === undefined ? accountId : "*";
  const tables: readonly (keyof TableNames)[] = ["clients", "checkpoints", "metadata"];
  const areThere: boolean[] = [];
  for (const table of tables) {
    areThere.push(await examineTable(facts, table, { accountId: owner, openShardCount }));
  }
  results.push(judgeClock(world.clockOffsetMs()));
  results.push(judgeThrottleDelay({ applications, throttledShardIds }));
  if (areThere.every((isThere) => isThere) && openShardCount > 0) await examineFleet(facts);
}

async function examineStream(facts: Examination) {
  const { results, shell: { signal }, streamName, world } = facts;
  const { region } = world.target;
  let found: Awaited<ReturnType<typeof describeStream>> | undefined;
  const error = await attempt(async () => {
    found = await describeStream(world, streamName, signal);
  });
  const accountId = found?.accountId ?? "*";
  const place = { region, accountId };
  if (found !== undefined) results.push(judgeStream(found));
  const resource = streamArn(place, streamName);
  judgeProbe(facts, { action: "kinesis:DescribeStreamSummary", resource, error });
  const isHopeless = error !== undefined && error.code !== "AccessDenied";
  if (isHopeless) return { accountId, openShardCount: 0, throttledShardIds: [] };
  const { probes, throttledShardIds } = await probeReads(world, streamName, { place, signal });
  for (const probe of probes) judgeProbe(facts, probe);
  return { accountId, openShardCount: found?.openShardCount ?? 0, throttledShardIds };
}

/** @returns whether the table can be used */
async function examineTable(
  facts: Examination,
  table: keyof TableNames,
  { accountId, openShardCount }: { readonly accountId: string; readonly openShardCount: number },
): Promise<boolean> {
  const { results, shell: { signal }, world } = facts;
  const tableName = world.tables(facts.applicationName).names[table];
  const place = { region: world.target.region, accountId };
  const resource = tableArn(place, tableName);
  let found: Awaited<ReturnType<typeof describeTable>> | undefined;
  const error = await attempt(async () => {
    found = await describeTable(world, { tableName, wantedKey: HASH_KEYS[table] }, signal);
  });
  judgeProbe(facts, { action: "dynamodb:DescribeTable", resource, error });
  if (found !== undefined) {
    const verdict = judgeTable(found);
    results.push(verdict);
    if (verdict.state === "failed") return false;
    const writeUnits = table === "checkpoints" ? found.found?.writeUnits ?? 0 : 0;
    const capacity = judgeCapacity({ tableName, openShardCount, writeUnits });
    if (capacity !== undefined) results.push(capacity);
  } else if (error?.code !== "AccessDenied") return false;
  const probes = await probeTable(world, table, { tableName, place, signal });
  for (const probe of probes) judgeProbe(facts, probe);
  return probes.every((probe) => probe.error === undefined);
}

function judgeProbe({ results, missing }: Examination, { action, resource, error }: Probe): void {
  const subject = resource.slice(resource.lastIndexOf("/") + 1);
  if (error === undefined) {
    results.push({ name: action, state: "ok", words: `allowed on "${subject}"` });
  } else if (error.code === "AccessDenied") {
    missing.push({ action, resource });
    const words = `is missing on ${resource}`;
    results.push({ name: action, state: "failed", words, advice: `grant ${action}` });
  } else {
    results.push({ name: action, state: "failed", words: error.message, advice: adviceOn(error) });
  }
}

function adviceOn({ code }: KinsumerError): string | undefined {
  switch (code) {
    case "CredentialsRejected":
      return "renew the credentials";
    case "StreamNotFound":
      return "check the name, the region and the account";
    case "NetworkFailure":
    case "RequestTimeout":
      return "check the endpoint and the network";
    default:
      return undefined;
  }
}

async function examineFleet(facts: Examination): Promise<void> {
  const { applicationName, results, shell, streamName, world } = facts;
  const request = { streamName, applicationName, hasLag: false };
  const view = viewFleet(await gatherFacts(world, request, shell.signal));
  const living = view.clients.filter(({ state }) => state !== "silent");
  const words = `${living.length} of ${view.clients.length} clients alive`;
  const problems = living.length === 0
    ? view.problems.filter((problem) => problem !== "no client is alive")
    : view.problems;
  results.push({ name: "fleet", state: "ok", words });
  for (const problem of problems) {
    const advice = "kinsumer status shows where";
    results.push({ name: "fleet", state: "warning", words: problem, advice });
  }
  const go = living.filter(({ isGo }) => isGo).length;
  if (go > 0) {
    results.push({
      name: "fleet",
      state: "warning",
      words: `${go} clients of the Go library are alive`,
      advice: "set goShardCheckIntervalMs to their interval, and see docs/migrating-from-go.md",
    });
  }
}

const MARKS: Readonly<Record<CheckResult["state"], readonly [mark: string, style: Style]>> = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  failed: ["✗", "red"],
  unknown: ["?", "dim"],
};

/** Each check, what to do below it, and the sum. What is long is wrapped: nothing of it is lost. */
function doctorLines(results: readonly CheckResult[], columns: number): readonly Line[] {
  const width = Math.max(...results.map(({ name }) => name.length));
  const indent = width + 4;
  const lines = results.flatMap(({ name, state, words, advice }): readonly Line[] => {
    const [mark, style] = MARKS[state];
    const line = [span(`${mark} `, style), span(name.padEnd(width), "bold"), span(`  ${words}`)];
    const check = wrap(line, { columns, indent });
    if (advice === undefined) return check;
    const below = [span(`${" ".repeat(indent)}→ ${advice}`, "yellow")];
    return [...check, ...wrap(below, { columns, indent: indent + 2 })];
  });
  const failed = results.filter(({ state }) => state === "failed").length;
  const warned = results.filter(({ state }) => state === "warning").length;
  const sum = failed + warned === 0
    ? [span("✓ ", "green"), span("no problem")]
    : [span(`${failed} failed, ${warned} to look at`, failed > 0 ? "red" : "yellow")];
  return [...lines, [], sum];
}

function runtimeInWords(): string {
  const { deno, bun, node } = process.versions as Record<string, string | undefined>;
  if (deno !== undefined) return `Deno ${deno}`;
  return bun === undefined ? `Node ${node}` : `Bun ${bun}`;
}
