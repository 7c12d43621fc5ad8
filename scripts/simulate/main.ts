/**
 * Proves the protocol by simulation: plays scenarios by seed and checks every promise; plays
 * mutants, which must all be caught; replays and minimises a seed.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { withHandlers } from "../../testing/simulation/handling.ts";
import { drawScenario } from "../../testing/simulation/draw_scenario.ts";
import { minimize } from "./minimize.ts";
import { writeMutantSeeds } from "./mutant_seeds.ts";
import { runMutants } from "./mutants.ts";
import { MUTATIONS } from "./mutations.ts";
import { playSafely } from "./play_seed.ts";
import { measureScale, scaleTable } from "./scale.ts";
import { runWorkers } from "./workers.ts";

const HELP = `npm run simulate -- [options]

Plays scenarios drawn from seeds in a simulated world and checks the promises P1 to P8.

  --seeds N     how many seeds to play (default 1000)
  --from N      the first seed (default 1)
  --workers N   how many processes (default one a core)
  --seed N      play one seed, print its scenario, its trace and what was broken
  --handlers    with --seed: its clients run handlers in place of loops
  --minimize    with --seed: look for the smallest scenario that breaks the same promise
  --mutants     play mutants of the sources: each must be caught, by the seed that is known to, or another
  --search      with --mutants: look for the first seed that catches each, and write it down
  --only TEXT   with --mutants: only those whose name has the text
  --scale       measure a fleet of many clients on many shards: how fast it settles, what it costs
  --clients N   with --scale: how many clients (default 1000)
  --shards N    with --scale: how many shards (default 10000)
  --json        print one JSON object, and nothing else, on standard output
`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    workers: { type: "string" },
    seed: { type: "string" },
    handlers: { type: "boolean", default: false },
    minimize: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    search: { type: "boolean", default: false },
    only: { type: "string" },
    scale: { type: "boolean", default: false },
    clients: { type: "string", default: "1000" },
    shards: { type: "string", default: "10000" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  if (values.help) {
    print(HELP);
    return 0;
  }
  if (values.mutants) return await mutants();
  if (values.scale) return await scale();
  if (values.seed !== undefined) return await replay(wholeNumber("seed", values.seed));
  return await simulate();
}

async function simulate(): Promise<number> {
  const from = wholeNumber("from", values.from);
  const count = wholeNumber("seeds", values.seeds);
  const startedMs = performance.now();
  let told = 0;
  const result = await runWorkers({
    from,
    to: from + count,
    ...(values.workers === undefined ? {} : { workers: wholeNumber("workers", values.workers) }),
    onViolated: ({ seed, violations: [first] }) =>
      say(`seed ${seed}: ${first?.promise} ${first?.what}`),
    onProgress: ({ seeds, violated }) => {
      const tenth = Math.floor((10 * seeds) / count);
      if (tenth <= told) return;
      told = tenth;
      say(`${seeds} of ${count} seeds played, ${violated} violated`);
    },
  });
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  for (const { seed, hasHandlers } of result.violated) {
    const how = hasHandlers ? " --handlers" : "";
    say(`replay: npm run simulate -- --seed ${seed}${how} --minimize`);
  }
  for (const problem of result.broken) say(problem);
  const violations = result.violated.length + result.broken.length;
  const isWhole = result.seeds === count;
  if (values.json) {
    const { seeds, hash } = result;
    print(JSON.stringify({ seeds, violations, hash, seconds, violated: result.violated }));
  } else {
    print(`${result.seeds} seeds, ${violations} violations, hash ${result.hash}, ${seconds} s`);
  }
  return violations === 0 && isWhole ? 0 : 1;
}

async function replay(seed: number): Promise<number> {
  let scenario = values.handlers ? withHandlers(drawScenario(seed)) : drawScenario(seed);
  let result = await playSafely(seed, scenario);
  const promise = result.violations[0]?.promise;
  if (values.minimize && promise !== undefined) {
    scenario = await minimize(scenario, promise);
    result = await playSafely(seed, scenario);
  }
  if (values.json) {
    print(JSON.stringify({ scenario, violations: result.violations, traceHash: result.traceHash }));
    return result.violations.length === 0 ? 0 : 1;
  }
  const { actions, ...world } = scenario;
  print(JSON.stringify(world));
  for (const action of actions) print(JSON.stringify(action));
  for (const line of result.trace) print(line);
  for (const { promise, what, atMs } of result.violations) {
    print(`${atMs} BROKEN ${promise}: ${what}`);
  }
  print(`${result.violations.length} violations, hash ${result.traceHash}`);
  return result.violations.length === 0 ? 0 : 1;
}

async function mutants(): Promise<number> {
  const { only, search: isSearch } = values;
  const results = await runMutants(({ name, isCaught, seed, by }) => {
    say(`${isCaught ? "caught  " : "SURVIVED"}  ${name} (seed ${seed}) ${by.slice(0, 120)}`);
  }, { only, isSearch });
  const survived = results.filter(({ isCaught }) => !isCaught).length;
  if (isSearch) {
    const caught = results.filter(({ isCaught }) => isCaught);
    const found = new Map(caught.map(({ name, seed }) => [name, seed]));
    await writeMutantSeeds(found, MUTATIONS.map(({ name }) => name));
  }
  if (values.json) print(JSON.stringify({ mutants: results.length, survived, results }));
  else print(`${results.length} mutants, ${survived} survived`);
  return survived === 0 && results.length > 0 ? 0 : 1;
}

async function scale(): Promise<number> {
  const result = await measureScale({
    clients: wholeNumber("clients", values.clients),
    shards: wholeNumber("shards", values.shards),
  });
  print(values.json ? JSON.stringify(result) : scaleTable(result));
  return result.rows.every(({ moves, fewestMoves }) => moves <= 1.2 * fewestMoves + 1) ? 0 : 1;
}

function wholeNumber(name: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  say(`--${name} must be a whole number, got "${value}"`);
  process.exit(2);
}
