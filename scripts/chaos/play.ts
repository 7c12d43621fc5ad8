/**
 * Plays a chaos run: the fleet starts, blows fall while records flow, then all is mended, and every
 * record must come.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Blow } from "./blow.ts";
import * as client from "./client_blows.ts";
import { Bag } from "./plan.ts";
import { merge, split } from "./reshards.ts";
import * as services from "./service_blows.ts";
import type { World } from "./world.ts";

type NamedBlow = readonly [name: string, blow: Blow];

/** The one whose fail-over is measured: it falls alone, before all others in each round. */
const CALM: NamedBlow = ["kill in calm", client.killInCalm];

const BLOWS: readonly NamedBlow[] = [
  ["kill", client.kill],
  ["kill", client.kill],
  ["freeze", client.freeze],
  ["partition", client.partition],
  ["partition", client.partition],
  ["deploy", client.deploy],
  ["deploy while cut off", client.deployCutOff],
  ["cut connections", services.cutConnections],
  ["latency", services.latency],
  ["throttle", services.throttle],
  ["server errors", services.serverErrors],
  ["hung answers", services.hang],
  ["expired iterators", services.expiredIterators],
  ["paged lists", services.pagedLists],
  ["false shard ends", services.falseShardEnds],
  ["services away", services.restartFront],
  ["clock skew", client.clockSkew],
  ["refused credentials", client.expiredCredentials],
  ["split", split],
  ["split", split],
  ["merge", merge],
  ["merge", merge],
];

const START_TIMEOUT_MS = 60_000;
const CATCH_UP_TIMEOUT_MS = 60_000;
/** Between two blows: from, to. Many last longer, so that they overlap. */
const GAP_MS = [1_000, 4_000] as const;
/** After the last fault is felt no more, until the fleet has settled. */
const CALM_MS = 2_000;
const REPORT_INTERVAL_MS = 10_000;

/** @returns how often each blow fell */
export async function play(world: World, signal: AbortSignal): Promise<Record<string, number>> {
  const { settings: { clients, minutes } } = world;
  world.say(`starting ${clients} clients on ${world.runtimes.join(", ")}`);
  for (let count = 0; count < clients; count++) world.startClient();
  const isReady = () => world.entries.filter(({ kind }) => kind === "started").length >= clients;
  await world.until("every client has started", isReady, { signal, timeoutMs: START_TIMEOUT_MS });
  const producing = world.producer.run(signal);
  const never = producing.then(() => new Promise<never>(() => {}));
  const failing = Promise.race([never, world.servers.failed]);
  const over = new AbortController();
  failing.catch((error: unknown) => over.abort(error));
  const watched = AbortSignal.any([signal, over.signal]);
  const watching = setInterval(() => report(world), REPORT_INTERVAL_MS);
  try {
    const counts = await deal(world, minutes * 60_000, watched);
    world.say("all is mended; every record must come now");
    world.producer.finish();
    await Promise.race([producing, failing]);
    await catchUp(world, watched);
    return counts;
  } finally {
    clearInterval(watching);
  }
}

/** Deals blow after blow, and waits until the last is mended. */
async function deal(
  world: World,
  forMs: number,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const untilMs = performance.now() + forMs;
  const bag = new Bag(BLOWS, world.random);
  const counts: Record<string, number> = {};
  const underWay = new Set<Promise<void>>();
  for (let turn = 0;; turn++) {
    const next = turn % (BLOWS.length + 1) === 0 ? CALM : bag.draw();
    const [name, blow] = next;
    if (next === CALM) await Promise.all(underWay);
    const gapMs = next === CALM
      ? CALM_MS + world.windows.settlingMs
      : GAP_MS[0] + (GAP_MS[1] - GAP_MS[0]) * world.random.next();
    await sleep(gapMs, undefined, { signal }).catch(() => {}); // the blows are mended first
    if (performance.now() > untilMs || signal.aborted) break;
    const done = blow(world, signal).then((end) => {
      if (end !== "skipped") counts[name] = (counts[name] ?? 0) + 1;
    }).catch((error: unknown) => {
      world.problems.push(`The blow "${name}" failed: ${String(error)}`);
    }).then(() => void underWay.delete(done));
    underWay.add(done);
    if (next === CALM) await done;
    world.update();
  }
  await Promise.all(underWay);
  signal.throwIfAborted();
  world.proxy.faults.clear();
  return counts;
}

async function catchUp(world: World, signal: AbortSignal): Promise<void> {
  const startMs = performance.now();
  const isDone = () => world.consumed.size >= world.producer.records.length;
  await world.until("every record came", isDone, { signal, timeoutMs: CATCH_UP_TIMEOUT_MS });
  world.say(`caught up after ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  world.say("stopping one client after another: nothing may come twice");
  for (const each of world.running) {
    await world.stopClient(each);
    signal.throwIfAborted();
  }
  world.update();
}

function report(world: World): void {
  world.update();
  const { length } = world.producer.records;
  const waiting = length - world.consumed.size;
  world.say(`  ${length} produced, ${waiting} not yet consumed, ${world.running.length} clients`);
}
