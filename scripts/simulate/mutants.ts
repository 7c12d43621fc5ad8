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
import { readMutantSeeds } from "./mutant_seeds.ts";
import { type Mutation, MUTATIONS } from "./mutations.ts";
import type { ViolatedSeed } from "./protocol.ts";
import { OUT_OF_TIME, runWorker } from "./workers.ts";

/** Seeds after which a mutant counts as survived. */
const MOST_SEEDS = 2_000;
const TIMEOUT_MS = 400_000;
/** Within which the seed that is known to catch a mutant has to: it takes about a second. */
const KNOWN_TIMEOUT_MS = 40_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What became of one mutant. */
export interface MutantResult {
  readonly name: string;
  readonly isCaught: boolean;
  /** The seed that caught it, about; else the last one. */
  readonly seed: number;
  /** The promise that it broke first, and how. */
  readonly by: string;
}

/**
 * Plays every mutant until it is caught, beginning with the seed that is known to catch it; tells
 * each result as it comes.
 */
export async function runMutants(
  onResult: (result: MutantResult) => void,
  options: {
    /** Only those whose name has this text. */
    readonly only?: string | undefined;
    /** Looks for the first seed that catches each, whatever is known. */
    readonly isSearch: boolean;
  },
): Promise<readonly MutantResult[]> {
  const { only = "", isSearch } = options;
  const known = isSearch ? new Map<string, number>() : await readMutantSeeds();
  const open = MUTATIONS.filter(({ name }) => name.includes(only));
  const results: MutantResult[] = [];
  const work = async (): Promise<void> => {
    for (let mutation = open.shift(); mutation !== undefined; mutation = open.shift()) {
      const result = await runMutant(mutation, known.get(mutation.name));
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

async function runMutant(
  mutation: Mutation,
  knownSeed: number | undefined,
): Promise<MutantResult> {
  const { name } = mutation;
  const root = await mkdtemp(join(tmpdir(), "kinsumer-mutant-"));
  try {
    await copySources(root);
    await mutate(root, mutation);
    if (knownSeed !== undefined) {
      const range = { from: knownSeed, to: knownSeed + 1, timeoutMs: KNOWN_TIMEOUT_MS };
      const result = await play({ root, name, ...range });
      if (result.isCaught) return result;
    }
    return await play({ root, name, from: 1, to: 1 + MOST_SEEDS, timeoutMs: TIMEOUT_MS });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function copySources(root: string): Promise<void> {
  for (const part of ["mod.ts", "src", "testing", "package.json", "deno.json", "tsconfig.json"]) {
    // Not the packages of its own that the containers' tests bring, which are large.
    const filter = (source: string): boolean => !source.endsWith("node_modules");
    await cp(join(ROOT, part), join(root, part), { recursive: true, filter });
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

async function play(playing: {
  readonly root: string;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly timeoutMs: number;
}): Promise<MutantResult> {
  const { name, ...range } = playing;
  let seeds = 0;
  let caught: ViolatedSeed | undefined;
  const problem = await runWorker({
    ...range,
    stopAtFirst: true,
    onLine: (line) => {
      if (line.type === "played") seeds += line.count;
      if (line.type === "violated") caught ??= line;
    },
  });
  const first = caught?.violations[0];
  if (first !== undefined) {
    return { name, isCaught: true, seed: caught!.seed, by: `${first.promise}: ${first.what}` };
  }
  if (problem !== undefined && !problem.startsWith(OUT_OF_TIME)) {
    throw new Error(`Cannot play the mutant "${name}": it ${problem}`);
  }
  const seed = Math.min(range.from + seeds, range.to - 1); // the one that was being played
  return { name, isCaught: false, seed, by: problem ?? "survived" };
}
