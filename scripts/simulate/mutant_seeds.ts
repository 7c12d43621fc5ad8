/**
 * Remembers by which seed each mutant was caught, so that the next run begins with it. A seed that
 * catches its mutant no more costs a search, and no proof.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";

const FILE = new URL("./mutant_seeds.json", import.meta.url);

/** The seed that caught each mutant, by its name. */
export async function readMutantSeeds(): Promise<ReadonlyMap<string, number>> {
  const seeds: Record<string, number> = JSON.parse(await readFile(FILE, "utf8"));
  return new Map(Object.entries(seeds));
}

/** Writes down what was found, beside what is known of other mutants. */
export async function writeMutantSeeds(
  found: ReadonlyMap<string, number>,
  names: readonly string[],
): Promise<void> {
  const known = await readMutantSeeds();
  const seeds = names.flatMap((name) => {
    const seed = found.get(name) ?? known.get(name);
    return seed === undefined ? [] : [[name, seed] as const];
  });
  await writeFile(FILE, `${JSON.stringify(Object.fromEntries(seeds), undefined, 2)}\n`);
}
