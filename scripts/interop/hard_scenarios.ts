/**
 * What is tried with a fleet of both kinds while shards split and merge, clients die, and shards
 * lie idle.
 *
 * @module
 */

import { GO_MAX_AGE_MS } from "./pace.ts";
import { Verdict } from "./result.ts";
import { agree, AGREE_WITHIN_MS, drain, type Scenario, UNOWNED_AT_MOST_MS } from "./scenarios.ts";
import { type Scene, wait } from "./scene.ts";

/** After a death: Go's max age, and the looks of both kinds until everyone has acted on it. */
const TAKEN_OVER_WITHIN_MS = GO_MAX_AGE_MS + 5_000;

/** Splits one shard and merges two others; waits until what was closed is finished. */
async function reshard(scene: Scene, verdict: Verdict, when: string): Promise<void> {
  const open = (await scene.streams.shards(scene.streamName))
    .filter((shard) => shard.endingSequenceNumber === undefined)
    .map((shard) => shard.shardId).sort();
  const closing = [open[0]!, open[1]!, open[2]!];
  await scene.streams.split(scene.streamName, closing[0]!);
  await scene.streams.merge(scene.streamName, closing[1]!, closing[2]!);
  const isFinished = await scene.until(
    AGREE_WITHIN_MS,
    () => closing.every((id) => scene.observer.isFinished(id)),
  );
  verdict.demand(`parents are not finished ${when}`, isFinished);
  await agree(scene, verdict, { when: `after the reshard ${when}` });
  await wait(1_000);
}

const reshardOurs: Scenario = {
  name: "reshard-our-leader",
  about: "a split and a merge while ours leads: children after their parents, on Go clients too",
  shardCount: 4,
  play: async (scene) => {
    const verdict = new Verdict();
    await scene.ours("0-1");
    await scene.peer("go-1");
    await scene.ours("z-1");
    await agree(scene, verdict, { when: "at first" });
    scene.produce();
    await wait(1_000);
    await reshard(scene, verdict, "under our leader");
    await drain(scene);
    const { outOfOrder } = scene.ledger.account();
    verdict.demand(`${outOfOrder} out of order`, outOfOrder === 0);
    return verdict.result(scene, {
      name: "reshard-our-leader",
      goExplains: "nothing: Go reads what the leader publishes, and ours publishes in order",
    });
  },
};

const reshardGo: Scenario = {
  name: "reshard-go-leader",
  about: "a split and a merge while Go leads, which publishes children at once",
  shardCount: 4,
  play: async (scene) => {
    const verdict = new Verdict();
    await scene.peer("go-1");
    await scene.ours("z-1");
    await scene.ours("z-2");
    await agree(scene, verdict, { when: "at first" });
    scene.produce();
    await wait(1_000);
    await reshard(scene, verdict, "under the Go leader");
    await drain(scene);
    return verdict.result(scene, {
      name: "reshard-go-leader",
      goExplains:
        "children are published with their parents: records of a key may come out of order",
    });
  },
};

const kill: Scenario = {
  name: "kill",
  about: "Go clients are killed: first the one of two, then the other",
  shardCount: 6,
  play: async (scene) => {
    const verdict = new Verdict();
    const first = await scene.peer("go-1");
    const second = await scene.peer("go-2");
    await scene.ours("z-1");
    await scene.ours("z-2");
    await agree(scene, verdict, { when: "at first" });
    scene.produce();
    await wait(1_500);
    const goLeads = (await scene.observer.look()).leaderName === first.name;
    const [leader, other] = goLeads ? [first, second] : [second, first];
    for (const [victim, dead] of [[leader, [leader]], [other, [leader, other]]] as const) {
      await victim.kill();
      const killedAtMs = performance.now();
      const names: readonly string[] = dead.map(({ name }) => name);
      const isTaken = await scene.until(AGREE_WITHIN_MS, async () => {
        const { owners } = await scene.observer.look();
        return owners.size > 0 &&
          [...owners.values()].every((owner) => owner !== undefined && !names.includes(owner));
      });
      verdict.demand(`shards of the dead "${victim.name}" are not taken over`, isTaken);
      const tookMs = performance.now() - killedAtMs;
      const which = victim === leader ? "the Go leader" : "the last Go client";
      verdict.measure(`taken over from ${which}, ms`, tookMs, TAKEN_OVER_WITHIN_MS);
      if (victim === leader) {
        await agree(scene, verdict, { when: "after the Go leader's death", dead: names });
      }
    }
    await drain(scene);
    return verdict.result(scene, {
      name: "kill",
      goExplains: "what Go handed out after its last commit comes again; a record that it was " +
        "handed and had not processed would be lost",
    });
  },
};

const crash: Scenario = {
  name: "our-crash",
  about: "one of ours dies while Go leads",
  shardCount: 6,
  play: async (scene) => {
    const verdict = new Verdict();
    await scene.peer("go-1");
    await scene.ours("z-1");
    const victim = await scene.ours("z-2");
    await agree(scene, verdict, { when: "at first" });
    scene.produce();
    await wait(1_500);
    scene.ledger.killed(victim.name);
    victim.crash();
    const crashedAtMs = performance.now();
    await agree(scene, verdict, { when: "after our client's death", dead: [victim.name] });
    const tookMs = performance.now() - crashedAtMs;
    verdict.measure("agreed again after, ms", tookMs, GO_MAX_AGE_MS + UNOWNED_AT_MOST_MS);
    await drain(scene);
    return verdict.result(scene, {
      name: "our-crash",
      goExplains: "Go counts anybody as alive for its own max age, whatever the row declares",
    });
  },
};

const idle: Scenario = {
  name: "idle",
  about: "Go clients come and go beside shards of ours that are idle for longer than Go's max age",
  shardCount: 4,
  play: async (scene) => {
    const verdict = new Verdict();
    await scene.ours("0-1");
    await scene.ours("z-1");
    await scene.put(100);
    await scene.delivered(AGREE_WITHIN_MS);
    await wait(GO_MAX_AGE_MS + 1_500);
    const go = await scene.peer("go-1");
    await agree(scene, verdict, { when: "after Go joined" });
    await wait(GO_MAX_AGE_MS + 1_500);
    await go.stop();
    await wait(2_000);
    verdict.measure("shards taken from ours", scene.lostShards, 0);
    await scene.put(100);
    await drain(scene);
    return verdict.result(scene, {
      name: "idle",
      goExplains: "Go may capture a shard whose row is older than its max age; ours renews sooner",
    });
  },
};

/** What is tried while things go wrong. */
export const HARD_SCENARIOS: readonly Scenario[] = [reshardOurs, reshardGo, kill, crash, idle];
