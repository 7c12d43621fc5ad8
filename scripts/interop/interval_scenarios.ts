/**
 * What becomes of a mixed fleet whose clients of ours were told how often Go looks, and of one whose
 * were not: the experiments behind `goShardCheckIntervalMs` in docs/migrating-from-go.md.
 *
 * Ours run at the speed of the real clock here, and Go looks each second, so that Go's interval is
 * not what ours expect of a Go client unless they are told.
 *
 * @module
 */

import type { KinsumerOptions } from "../../mod.ts";
import { GO_MAX_AGE_MS, GO_PACE, OUR_PACE, SPEED } from "./pace.ts";
import type { Peer } from "./peer.ts";
import { type Result, Verdict } from "./result.ts";
import { agree, AGREE_WITHIN_MS, drain, type Scenario } from "./scenarios.ts";
import { type Pace, type Scene, wait } from "./scene.ts";

/** Told, a shard of a dead Go client is taken over within its max age and a few looks. */
const TAKEN_OVER_WITHIN_MS = GO_MAX_AGE_MS + 5_000;
/** Told, a fleet with a dead Go client agrees again within so long. */
const AGREED_WITHIN_MS = GO_MAX_AGE_MS + 10_000;

/** Until a fleet at odds has taken what it will. */
const SHARED_AFTER_MS = 3_000;

const TOLD: Partial<KinsumerOptions> = { goShardCheckIntervalMs: GO_PACE["shard-check-ms"] };

function pace(isTold: boolean): Pace {
  const inReal = Object.entries(OUR_PACE).map(([name, ms]) => [name, ms / SPEED]);
  return { speed: 1, ours: { ...Object.fromEntries(inReal), ...(isTold ? TOLD : {}) } };
}

/** One experiment, twice: with clients that were told, and with others. */
function experiment(given: {
  readonly name: string;
  readonly about: string;
  readonly shardCount: number;
  readonly goExplains: string;
  readonly play: (scene: Scene, verdict: Verdict, isTold: boolean) => Promise<void>;
}): readonly Scenario[] {
  return [true, false].map((isTold): Scenario => {
    const name = `${given.name}-${isTold ? "told" : "untold"}`;
    return {
      name,
      about: `${given.about}; ours ${isTold ? "know" : "do not know"} Go's interval`,
      shardCount: given.shardCount,
      pace: pace(isTold),
      play: async (scene): Promise<Result> => {
        const verdict = new Verdict();
        await given.play(scene, verdict, isTold);
        await finish(scene, isTold);
        forgiveGo(scene);
        return verdict.result(scene, { name, goExplains: given.goExplains });
      },
    };
  });
}

/** What a fleet that was not told left lying is read by one that was. */
async function finish(scene: Scene, isTold: boolean): Promise<void> {
  if (!isTold) {
    await scene.quiet();
    await scene.stopClients();
    await scene.ours("z-told", TOLD);
  }
  await drain(scene);
}

/** A Go client renews no idle row, so that the next one to join takes its shard; it then says so. */
function forgiveGo({ errors }: Scene): void {
  const kept = errors.filter((error) =>
    !(error.startsWith("go-") && error.includes("ConditionalCheckFailed"))
  );
  errors.splice(0, Infinity, ...kept);
}

async function ownersWithout(scene: Scene, dead: Peer, timeoutMs: number): Promise<boolean> {
  return await scene.until(timeoutMs, async () => {
    const { owners } = await scene.observer.look();
    return owners.size > 0 &&
      [...owners.values()].every((owner) => owner !== undefined && owner !== dead.name);
  });
}

const onlyGoDies = experiment({
  name: "interval-kill",
  about: "the one Go client of a fleet is killed",
  shardCount: 6,
  goExplains: "what Go handed out after its last commit comes again",
  play: async (scene, verdict, isTold) => {
    const go = await scene.peer("go-1");
    await scene.ours("z-1");
    await scene.ours("z-2");
    await agree(scene, verdict, { when: "at first" });
    scene.produce();
    await wait(1_500);
    await go.kill();
    const killedAtMs = performance.now();
    const isTaken = await ownersWithout(scene, go, TAKEN_OVER_WITHIN_MS);
    if (isTold) {
      verdict.demand("the dead client's shards are not taken over", isTaken);
      verdict.measure("taken over after, ms", performance.now() - killedAtMs);
    } else verdict.demand("the shards were taken over all the same: mend the guide", !isTaken);
  },
});

const oneOfTwoDies = experiment({
  name: "interval-kill-one",
  about: "one of two Go clients is killed",
  shardCount: 6,
  goExplains: "what Go handed out after its last commit comes again",
  play: async (scene, verdict, isTold) => {
    const peers = [await scene.peer("go-1"), await scene.peer("go-2")];
    await scene.ours("z-1");
    await scene.ours("z-2");
    await agree(scene, verdict, { when: "at first" });
    scene.produce();
    await wait(1_500);
    const { clients } = await scene.observer.look();
    // The first by ID: everyone's place changes, so that no two ways of counting agree by chance.
    const first = clients.find(({ name }) => peers.some((peer) => peer.name === name));
    const victim = peers.find(({ name }) => name === first?.name)!;
    scene.observer.mark();
    await victim.kill();
    const killedAtMs = performance.now();
    const isAgreed = await scene.agreed(AGREED_WITHIN_MS, [victim.name]);
    if (isTold) {
      verdict.demand("no agreement after the death", isAgreed);
      verdict.measure("agreed after, ms", performance.now() - killedAtMs);
    } else verdict.demand("the fleet agreed all the same: mend the guide", !isAgreed);
    const { longestUnownedMs } = scene.observer.mark();
    verdict.measure("longest without owner, ms", longestUnownedMs);
  },
});

const goJoinsIdle = experiment({
  name: "interval-idle",
  about: "Go clients join ours on a stream that is idle for longer than Go's max age",
  shardCount: 4,
  goExplains: "Go captures a row that is older than its max age, whoever owns it",
  play: async (scene, verdict, isTold) => {
    await scene.ours("0-1");
    await scene.ours("z-1");
    await scene.put(100);
    await scene.delivered(AGREE_WITHIN_MS);
    for (const name of ["go-1", "go-2", "go-3"]) {
      await wait(GO_MAX_AGE_MS + 1_500);
      await scene.peer(name);
      if (isTold) await agree(scene, verdict, { when: `after ${name} joined` });
      else await wait(SHARED_AFTER_MS);
    }
    verdict.measure("idle shards taken from ours", scene.lostShards, isTold ? 0 : undefined);
    if (!isTold) {
      verdict.demand("Go took no idle shard: mend the guide", scene.lostShards > 0);
    }
    await scene.put(100);
  },
});

/** What is tried with clients that were told Go's interval, and with others. */
export const INTERVAL_SCENARIOS: readonly Scenario[] = [
  ...onlyGoDies,
  ...oneOfTwoDies,
  ...goJoinsIdle,
];
