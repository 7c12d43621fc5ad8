/**
 * The simulation must be able to fail: each mutant is one way to break the protocol, made in a copy
 * of the sources. A mutant that no seed catches is a hole in the proof.
 *
 * @module
 */

import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Mutation, MUTATIONS } from "./mutations.ts";
import type { ViolatedSeed } from "./protocol.ts";
import { runWorker } from "./workers.ts";

/** Seeds after which a mutant counts as survived. */
const MOST_SEEDS = 2_000;
const TIMEOUT_MS = 400_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What became of one mutant. */
export interface MutantResult {
  readonly name: string;
  readonly isCaught: boolean;
  /** How many seeds were played until it was caught. */
  readonly seeds: number;
  /** The promise that it broke first, and how. */
  readonly by: string;
}

/** Plays every mutant until it is caught; tells each result as it comes. */
export async function runMutants(
  onResult: (result: MutantResult) => void,
  only?: string,
): Promise<readonly MutantResult[]> {
  const open = MUTATIONS.filter(({ name }) => only === undefined || name.includes(only));
  const results: MutantResult[] = [];
  const work = async (): Promise<void> => {
    for (let mutation = open.shift(); mutation !== undefined; mutation = open.shift()) {
      const result = await runMutant(mutation);
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

async function runMutant(mutation: Mutation): Promise<MutantResult> {
  const root = await mkdtemp(join(tmpdir(), "kinsumer-mutant-"));
  try {
    await copySources(root);
    await mutate(root, mutation);
    return await play(root, mutation.name);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function copySources(root: string): Promise<void> {
  for (const part of ["mod.ts", "src", "testing", "package.json", "deno.json", "tsconfig.json"]) {
    await cp(join(ROOT, part), join(root, part), { recursive: true });
  }
  await cp(join(ROOT, "scripts/simulate"), join(root, "scripts/simulate"), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
}

/** @throws {Error} when the sources have changed and the mutation no longer fits */
async function mutate(root: string, mutation: Mutation): Promise<void> {
  for (const change of [mutation, mutation.also]) {
    if (change === undefined) continue;
    const { file, find, replace } = change;
    const path = join(root, file);
    const source = await readFile(path, "utf8");
    if (source.split(find).length !== 2) {
      const why = `${file} does not hold its text just once`;
      throw new Error(`Cannot make the mutant "${mutation.name}": ${why}`);
    }
    await writeFile(path, source.replace(find, () => replace));
  }
}

async function play(root: string, name: string): Promise<MutantResult> {
  let seeds = 0;
  let caught: ViolatedSeed | undefined;
  const problem = await runWorker({
    from: 1,
    to: 1 + MOST_SEEDS,
    stopAtFirst: true,
    root,
    timeoutMs: TIMEOUT_MS,
    onLine: (line) => {
      if (line.type === "played") seeds += line.count;
      if (line.type === "violated") caught ??= line;
    },
  });
  const first = caught?.violations[0];
  if (first !== undefined) {
    return { name, isCaught: true, seeds: caught!.seed, by: `${first.promise}: ${first.what}` };
  }
  // A mutant that cannot even be played to the end within the time is caught by that.
  return { name, isCaught: problem !== undefined, seeds, by: problem ?? "survived" };
}
