/**
 * What is tried with a fleet of both kinds while nobody dies: each other's checkpoints, a rolling
 * migration, either kind as leader.
 *
 * @module
 */

import type { Peer } from "./peer.ts";
import { type Result, Verdict } from "./result.ts";
import { type OurClient, type Pace, type Scene, wait } from "./scene.ts";

/** One thing that is tried. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly shardCount: number;
  readonly pace?: Pace;
  play(scene: Scene): Promise<Result>;
}

/** After an orderly change every shard has an owner again: two looks of each kind. */
export const UNOWNED_AT_MOST_MS = 6_000;
/** Until the fleet agrees after a change: the wait for it, not a promise. */
export const AGREE_WITHIN_MS = 20_000;
export const DELIVER_WITHIN_MS = 20_000;
const STEADY_MS = 3_000;
/** Until the observer has seen what led to the agreement. */
const SAMPLED_AFTER_MS = 500;

/** While nothing changes, nobody takes anything from anybody. */
export async function steady(scene: Scene, verdict: Verdict, when: string): Promise<void> {
  await wait(SAMPLED_AFTER_MS);
  scene.observer.mark();
  await wait(STEADY_MS);
  const { captures, longestUnownedMs } = scene.observer.mark();
  verdict.measure(`captures${when}`, captures, 0);
  verdict.demand(`a shard had no owner${when}`, longestUnownedMs === 0);
}

/** Waits for agreement, and says so where it does not come. */
export async function agree(
  scene: Scene,
  verdict: Verdict,
  what: { readonly when: string; readonly dead?: readonly string[] },
): Promise<void> {
  verdict.demand(
    `no agreement ${what.when}`,
    await scene.agreed(AGREE_WITHIN_MS, what.dead),
  );
}

/** Ends the load, and waits for the last record. */
export async function drain(scene: Scene): Promise<void> {
  await scene.quiet();
  await scene.delivered(DELIVER_WITHIN_MS);
  await wait(500); // what comes twice may come late
}

const checkpoints: Scenario = {
  name: "checkpoints",
  about: "Go reads a part and stops, ours goes on after its checkpoints; and the reverse",
  shardCount: 4,
  pace: { workMs: 4 },
  play: async (scene) => {
    const verdict = new Verdict();
    const starts: (() => Promise<Peer | OurClient>)[] = [
      () => scene.peer("go-1"),
      () => scene.ours("z-1"),
      () => scene.peer("go-2"),
      () => scene.ours("z-2"),
    ];
    for (const [turn, start] of starts.entries()) {
      await scene.put(300);
      const client = await start();
      // Each but the last stops when it has seen about a half of what is there.
      const wanted = turn === starts.length - 1 ? undefined : scene.ledger.producedCount - 150;
      const isThere = await scene.delivered(DELIVER_WITHIN_MS, wanted);
      verdict.demand(`${client.name} did not read on`, isThere);
      await client.stop();
      verdict.measure(`by ${client.name}`, scene.ledger.countOf(client.name));
    }
    return verdict.result(scene, {
      name: "checkpoints",
      goExplains: "nothing: an orderly stop of Go repeats and loses nothing",
    });
  },
};

const migration: Scenario = {
  name: "migration",
  about: "three Go clients become ours one by one under load, and back",
  shardCount: 6,
  play: async (scene) => {
    const verdict = new Verdict();
    let fleet: (Peer | OurClient)[] = [];
    for (const name of ["go-1", "go-2", "go-3"]) fleet.push(await scene.peer(name));
    await agree(scene, verdict, { when: "among Go clients" });
    scene.produce();
    scene.observer.mark();
    let captures = 0;
    let longestMs = 0;
    for (const next of ["ours-1", "ours-2", "ours-3", "go-4", "go-5", "go-6"]) {
      await fleet[0]!.stop();
      const client = await (next.startsWith("go") ? scene.peer(next) : scene.ours(next));
      fleet = [...fleet.slice(1), client];
      const isOursAlone = fleet.every(({ name }) => name.startsWith("ours"));
      if (isOursAlone) await wait(STEADY_MS);
      else await agree(scene, verdict, { when: `after ${next} joined` });
      const watch = scene.observer.mark();
      captures += watch.captures;
      longestMs = Math.max(longestMs, watch.longestUnownedMs);
    }
    verdict.measure("captures", captures);
    verdict.measure("longest without owner, ms", longestMs, UNOWNED_AT_MOST_MS);
    await drain(scene);
    return verdict.result(scene, {
      name: "migration",
      goExplains: "every change moves most shards, and stops all of Go's consumers",
    });
  },
};

const leaders: Scenario = {
  name: "leaders",
  about: "a Go leader with followers of ours, then a leader of ours with Go followers",
  shardCount: 5,
  play: async (scene) => {
    const verdict = new Verdict();
    scene.produce();
    await scene.peer("go-1");
    await scene.ours("z-1");
    await scene.ours("z-2");
    await agree(scene, verdict, { when: "under the Go leader" });
    const before = await scene.observer.look();
    verdict.demand("Go does not lead", before.leaderName === "go-1");
    await steady(scene, verdict, " under Go");
    await scene.ours("0-1");
    await scene.until(
      AGREE_WITHIN_MS,
      async () => (await scene.observer.look()).leaderName === "0-1",
    );
    await agree(scene, verdict, { when: "under our leader" });
    const { longestUnownedMs } = scene.observer.mark();
    verdict.measure("longest without owner, ms", longestUnownedMs, UNOWNED_AT_MOST_MS);
    const after = await scene.observer.look();
    verdict.demand("ours does not lead", after.leaderName === "0-1");
    await steady(scene, verdict, " under ours");
    await drain(scene);
    return verdict.result(scene, {
      name: "leaders",
      goExplains: "the lead changes only when the Go leader looks: once a shard check",
    });
  },
};

/** What is tried while nobody dies. */
export const CALM_SCENARIOS: readonly Scenario[] = [checkpoints, migration, leaders];
