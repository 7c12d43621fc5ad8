/**
 * Runs the examples as their users would: with the packed library, on local servers, as real
 * processes; all at once, because most of their time is waiting.
 *
 *     npm run examples -- [--only part-of-a-name]
 *
 * @module
 */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startLocalKinesis } from "../../testing/mod.ts";
import { makeUserProject } from "../user_project.mjs";
import { proveAwsLambda } from "./proofs/aws_lambda.ts";
import { proveAwsSdk } from "./proofs/aws_sdk.ts";
import { proveBunWorker } from "./proofs/bun_worker.ts";
import { proveCloudflareWorker } from "./proofs/cloudflare_worker.ts";
import { proveDenoCron } from "./proofs/deno_cron.ts";
import { proveDockerCompose } from "./proofs/docker_compose.ts";
import { proveNodeService } from "./proofs/node_service.ts";
import { Scene, Skipped } from "./proofs/scene.ts";
import { proveTypes } from "./proofs/types.ts";

type Proof = (scene: Scene) => Promise<string>;

const PROOFS: ReadonlyMap<string, Proof> = new Map([
  ["node_service", proveNodeService],
  ["deno_cron", proveDenoCron],
  ["bun_worker", proveBunWorker],
  ["cloudflare_worker", proveCloudflareWorker],
  ["aws_lambda", proveAwsLambda],
  ["aws_sdk", proveAwsSdk],
  ["docker_compose", proveDockerCompose],
  ["types of them all", proveTypes],
]);

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** @returns the exit code */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
  const names = [...PROOFS.keys()].filter((name) => name.includes(values.only));
  const project = mkdtempSync(join(tmpdir(), "kinsumer-examples-"));
  process.once("exit", () => rmSync(project, { recursive: true, force: true }));
  let ends: readonly End[] = [];
  try {
    const tarball = await makeUserProject({ from: FOLDER, to: project, sources: examples() });
    ends = await Promise.all(names.map((name) => prove(name, { project, tarball })));
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    ends = ["failed"];
  }
  const count = (end: End): number => ends.filter((each) => each === end).length;
  const skipped = count("skipped") === 0 ? "" : `, ${count("skipped")} skipped`;
  print(`${count("passed")} passed, ${count("failed")} failed${skipped}`);
  return count("failed") === 0 && count("passed") > 0 ? 0 : 1;
}

/** Every folder beside this file but that of the proofs. */
function examples(): readonly string[] {
  return readdirSync(FOLDER, { withFileTypes: true }).filter((each) => each.isDirectory())
    .map(({ name }) => name).filter((name) => name !== "proofs" && name !== "node_modules");
}

type End = "passed" | "failed" | "skipped";

interface Ground {
  readonly project: string;
  readonly tarball: string;
}

async function prove(name: string, ground: Ground): Promise<End> {
  const startMs = performance.now();
  // Each has servers of its own, and so tables of its own.
  const local = await startLocalKinesis({ backend: "embedded", faults: false });
  const scene = new Scene({ ...ground, name, local });
  const seconds = (): string => `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
  try {
    const seen = await PROOFS.get(name)?.(scene);
    print(`ok     ${name} (${seconds()}): ${seen}`);
    return "passed";
  } catch (error) {
    if (error instanceof Skipped) {
      print(`SKIPPED ${name}: ${error.message}`);
      return "skipped";
    }
    const words = error instanceof Error ? error.stack ?? error.message : String(error);
    print(`FAILED ${name} (${seconds()})\n${words.replace(/^/gm, "    ")}`);
    return "failed";
  } finally {
    await scene.close();
    await local.stop();
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

// What runs ends with this: see Program.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
