/**
 * `npm run interop`: plays fleets of Go clients and ours on one stream, and accounts for every
 * record.
 *
 * @module
 */

import process from "node:process";
import { startEmbeddedServers } from "../../testing/local_servers.ts";
import { readCommand, type Settings } from "./arguments.ts";
import { HARD_SCENARIOS } from "./hard_scenarios.ts";
import { INTERVAL_SCENARIOS } from "./interval_scenarios.ts";
import { findPeer, type PeerProgram } from "./peer.ts";
import { failed, HELP, table, unchecked } from "./report.ts";
import type { Result } from "./result.ts";
import { CALM_SCENARIOS, type Scenario } from "./scenarios.ts";
import { Scene } from "./scene.ts";

const SCENARIOS: readonly Scenario[] = [
  ...CALM_SCENARIOS,
  ...HARD_SCENARIOS,
  ...INTERVAL_SCENARIOS,
];

async function main(): Promise<number> {
  const names = SCENARIOS.map(({ name }) => name);
  const command = readCommand(process.argv.slice(2), names);
  if (command.outcome === "help") {
    process.stdout.write(HELP);
    for (const { name, about } of SCENARIOS) {
      process.stdout.write(`  ${name.padEnd(20)}${about}\n`);
    }
    return 0;
  }
  if (command.outcome === "refused") {
    process.stderr.write(`${command.message}\n`);
    return 2;
  }
  return await check(command.settings);
}

async function check(settings: Settings): Promise<number> {
  const wanted = SCENARIOS.filter(({ name }) => name === (settings.only ?? name));
  const say = (text: string) => {
    (settings.isJson ? process.stderr : process.stdout).write(`${text}\n`);
  };
  const search = findPeer(settings.peer);
  const results: Result[] = [];
  if (search.outcome === "missing") say(unchecked(wanted, search.reason));
  else {
    results.push(...await playAll(wanted, search.program, say));
    say(table(results, settings.peer));
  }
  // What ran against the stand-in was not checked against the Go library.
  const isUnchecked = search.outcome === "missing" || settings.peer === "stand-in";
  if (settings.isJson) {
    const summary = {
      peer: search.outcome === "missing" ? "none" : settings.peer,
      scenarios: results,
      lost: results.reduce((sum, { lost }) => sum + lost, 0),
      skipped: isUnchecked ? wanted.length : 0,
      ...(search.outcome === "missing" ? { reason: search.reason } : {}),
    };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  }
  return results.every(({ ok }) => ok) ? 0 : 1;
}

async function playAll(
  scenarios: readonly Scenario[],
  program: PeerProgram,
  say: (text: string) => void,
): Promise<Result[]> {
  const servers = await startEmbeddedServers();
  try {
    const results: Result[] = [];
    for (const scenario of scenarios) {
      say(`${scenario.name}: ${scenario.about} ...`);
      const scene = new Scene(servers, program, `interop-${scenario.name}`, scenario.pace);
      const result = await play(scenario, scene);
      say(`  ${result.ok ? "ok" : `FAILED: ${result.failures.join("; ")}`}`);
      results.push(result);
    }
    return results;
  } finally {
    await servers.stop();
    program.remove();
  }
}

async function play(scenario: Scenario, scene: Scene): Promise<Result> {
  try {
    await scene.open(scenario.shardCount);
    return await scenario.play(scene);
  } catch (error) {
    return failed(scenario.name, scene, error);
  } finally {
    await scene.close();
  }
}

process.exitCode = await main();
