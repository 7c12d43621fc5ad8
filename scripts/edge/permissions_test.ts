/**
 * Contract: the library needs no more permissions than its documents say: on Deno the two hosts, and
 * five variables by name (none where region and credentials are options); on Node nothing of what
 * its permission model knows but to read its own files.
 *
 * @module
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Kinsumer } from "../../mod.ts";
import { openTestEnvironment, type TestEnvironment } from "../../testing/environment.ts";
import { FAST_OPTIONS, Fleet } from "../../testing/fleet.ts";
import { bundle } from "../bundle.mjs";
import { currentRuntime, denoPath, ROOT } from "../runtimes.mjs";

const LIMIT = { timeout: 60_000 };
const RECORDS = 30;
const PROGRAM = join(ROOT, "scripts", "edge", "permitted.ts");
const VARIABLES = [
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
];

const skipDeno = hasDeno() ? false : "Deno is not installed: npm run setup";
const skipNode = currentRuntime() === "node" ? false : "the permission model is Node's own";

function hasDeno(): boolean {
  try {
    return denoPath() !== "";
  } catch {
    return false;
  }
}

let environment: TestEnvironment;

interface Run {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly records: number;
  readonly may?: readonly string[];
}

/** Runs the program on a stream of its own. */
async function consume(
  { program, args, env = {} }: Run,
  leave: readonly string[] = [],
): Promise<Answer> {
  let answer: Answer = { records: 0 };
  await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
    const { streamName, applicationName } = fleet;
    const { runtime: _, ...local } = environment.clientOptions() as Record<string, unknown>;
    const whole = { ...local, ...FAST_OPTIONS, streamName, applicationName };
    const options = Object.entries(whole).filter(([name]) => !leave.includes(name));
    await new Kinsumer(whole).createRequiredTables();
    await fleet.put(RECORDS);
    const given = [JSON.stringify(Object.fromEntries(options)), String(RECORDS)];
    const { stdout } = await promisify(execFile)(program, [...args, ...given], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"] ?? "", NO_COLOR: "1", ...env },
      timeout: 30_000,
    });
    answer = JSON.parse(stdout) as Answer;
  });
  return answer;
}

/** Deno with permissions for these hosts and variables alone. */
function deno(hosts: readonly string[], variables: readonly string[], env?: Run["env"]): Run {
  const allowed = [
    ...(hosts.length > 0 ? [`--allow-net=${hosts.join(",")}`] : []),
    ...(variables.length > 0 ? [`--allow-env=${variables.join(",")}`] : []),
  ];
  const args = ["run", "--no-prompt", "--no-check", ...allowed, PROGRAM];
  return { program: denoPath(), args, ...(env && { env }) };
}

function hosts(): readonly string[] {
  const { kinesisEndpoint, dynamodbEndpoint } = environment;
  return [kinesisEndpoint, dynamodbEndpoint].map((url) => new URL(url ?? "").host);
}

describe("permissions", () => {
  before(async () => {
    environment = await openTestEnvironment();
  }, LIMIT);
  after(() => environment.cleanUp());

  it("on Deno are the two hosts", { ...LIMIT, skip: skipDeno }, async () => {
    assert.equal((await consume(deno(hosts(), []))).records, RECORDS);
  });

  it("on Deno are five variables by name, where these are wanted", {
    ...LIMIT,
    skip: skipDeno,
  }, async () => {
    const env = {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    };
    const run = deno(hosts(), VARIABLES, env);
    assert.equal((await consume(run, ["region", "credentials"])).records, RECORDS);
    const without = deno(hosts(), VARIABLES.slice(0, 2), env);
    await assert.rejects(
      consume(without, ["region", "credentials"]),
      /CredentialsMissing|credentials/,
    );
  });

  it("on Deno are each of the two hosts", { ...LIMIT, skip: skipDeno }, async () => {
    for (const host of hosts()) await assert.rejects(consume(deno([host], [])));
  });

  it("on Node are none but to read its own files", { ...LIMIT, skip: skipNode }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "kinsumer-permitted-"));
    try {
      const file = join(folder, "permitted.mjs");
      const code = 'export { consumed } from "./scripts/edge/permitted.ts";';
      await writeFile(file, (await bundle({ code, platform: "node" })).bytes);
      const major = Number(process.versions.node.split(".")[0]);
      const flag = major >= 24 ? "--permission" : "--experimental-permission";
      const net = major >= 25 ? ["--allow-net"] : [];
      const args = [flag, ...net, `--allow-fs-read=${folder}/*`, "--no-warnings", file];
      const { records, may } = await consume({ program: process.execPath, args });
      assert.equal(records, RECORDS);
      assert.deepEqual(may, []);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
