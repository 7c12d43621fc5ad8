/**
 * Checks what a whole fleet must keep: recovery once the faults are over (P5), calm (P6), a clean
 * end (P7), and no request without pause (P8).
 *
 * @module
 */

import { readSize } from "../../src/rules/pacing.ts";
import { STOP_DEADLINE_MS } from "./cast.ts";
import type { Stage } from "./stage.ts";

/** A client may not send more requests than this in a simulated second, on average over ten. */
const MOST_REQUESTS_A_SECOND = 60;
const MOST_REQUESTS_A_SECOND_AND_SHARD = 20;
const WATCH_INTERVAL_MS = 10_000;
/** What a record of a few bytes takes of a shard's limit, about. */
const SMALL_RECORD_BYTES = 500;
/** The Go library captures a row that is five of its looks old: half of that is too much. */
const MOST_ROW_AGE_LOOKS = 2.5;

/** While the scenario is played: no client asks without pause, and idle owners renew. */
export async function watch(stage: Stage): Promise<void> {
  while (!stage.isOver) {
    await stage.world.clock.clock.sleep(WATCH_INTERVAL_MS);
    checkIdleRows(stage);
    const shardCount = stage.world.stream.shards().length;
    const most = (MOST_REQUESTS_A_SECOND + MOST_REQUESTS_A_SECOND_AND_SHARD * shardCount) *
      WATCH_INTERVAL_MS / 1_000;
    for (const actor of [...stage.actors, ...stage.visits]) {
      if (actor.requests > most) {
        const what = `${actor.name} sent ${actor.requests} requests in ten seconds`;
        stage.world.account.violate("P8", what);
      }
      actor.requests = 0;
    }
  }
}

/** P4: the row of an idle owner is renewed, or a Go client would take it for a dead one's. */
function checkIdleRows({ actors, scenario, visits, world: { account, tables } }: Stage): void {
  const mostAgeMs = MOST_ROW_AGE_LOOKS * scenario.goCheckIntervalMs;
  const staying = actors.filter((each) => !each.isGone && !each.isCrashed)
    .map(({ client, name }) => ({ name, clientId: client.kinsumer.clientId }));
  const visiting = visits.filter((each) => !each.isOver);
  const healthy = new Set(
    [...staying, ...visiting].filter(({ name }) => !account.isExcused(name))
      .map(({ clientId }) => clientId),
  );
  for (const { shardId, ownerId } of tables.checkpoints()) {
    const ageMs = account.rowAgeMs(shardId);
    if (ownerId !== undefined && healthy.has(ownerId) && ageMs > mostAgeMs) {
      account.violate("P4", `${shardId} was not renewed for ${ageMs} ms`);
    }
  }
}

/**
 * P5: within a bound, all is processed, every shard is owned, and the lowest ID leads.
 *
 * @returns how long that took, in milliseconds
 */
export async function checkRecovery(stage: Stage): Promise<number> {
  const { world: { account, clock, stream, tables } } = stage;
  const fromMs = stage.nowMs;
  const isRecovered = (): boolean => {
    if (!account.isComplete) return false;
    const owned = new Set(
      tables.checkpoints().filter(({ ownerId }) => ownerId).map(({ shardId }) => shardId),
    );
    const open = stream.shards().filter((shard) => shard.endingSequenceNumber === undefined);
    return open.every(({ shardId }) => owned.has(shardId)) && isLedByLowest(stage) &&
      isSharedByGoRule(stage);
  };
  try {
    await clock.runUntil(isRecovered, recoveryBoundMs(stage));
  } catch {
    const open = account.open();
    const rows = tables.checkpoints().map((row) => `${row.shardId}:${row.ownerId ?? "-"}`);
    const what = `not recovered: ${open.length} open (${open.slice(0, 3)}) ${rows.join(" ")}`;
    account.violate("P5", what);
  }
  return stage.nowMs - fromMs;
}

function isLedByLowest(stage: Stage): boolean {
  return stage.world.tables.leader()?.clientId === livingIds(stage)[0];
}

/** While a Go client lives, shard i of the published list is client i mod n's, on both kinds. */
function isSharedByGoRule(stage: Stage): boolean {
  const { goActors, world: { tables } } = stage;
  if (goActors.every(({ isGone, isKilled }) => isGone || isKilled)) return true;
  const ids = livingIds(stage);
  const rows = new Map(tables.checkpoints().map((row) => [row.shardId, row]));
  const published = [...tables.shardCache()?.shardIds ?? []].sort();
  return published.every((shardId, index) => {
    const row = rows.get(shardId);
    return row?.isFinished || row?.ownerId === ids[index % ids.length];
  });
}

/** Who is in the clients table and not leaving; what killed Go clients left there is not counted. */
function livingIds({ goActors, world: { tables } }: Stage): readonly string[] {
  const killed = new Set(goActors.filter(({ isKilled }) => isKilled).map((each) => each.clientId));
  return tables.clientRows().filter((row) => !row.isLeaving && !killed.has(row.clientId))
    .map((row) => row.clientId).sort();
}

/** The default of `idleDelayMs`: a shard that was idle may be read so late. */
const IDLE_DELAY_MS = 1_000;

/** Time to live, looks and retries, and the work that is left. */
export function recoveryBoundMs(stage: Stage): number {
  const { scenario, world: { account, stream } } = stage;
  const { clientRecordMaxAgeMs, shardCheckIntervalMs, throttleDelayMs } = scenario.options;
  const left = account.producedCount - account.processedCount;
  const generations = stream.shards().length;
  const recordBytes = scenario.recordBytes ?? SMALL_RECORD_BYTES;
  // On the wire a record is a third longer, in base64, and has its names.
  const wireBytes = recordBytes * 1.4;
  const { limit } = readSize({
    ...scenario.options,
    recordBytes: wireBytes,
    shardCount: generations,
  });
  const reads = Math.ceil(left / limit) + generations;
  // A refused read waits up to ten seconds.
  const bytes = left * recordBytes;
  const bytesMs = scenario.bytesPerSecond === undefined
    ? 0
    : bytes * 1_000 / scenario.bytesPerSecond + 10_000 * generations;
  const readMs = (Math.max(throttleDelayMs, IDLE_DELAY_MS) + 50) *
    (scenario.readsPerSecond < 1_000 ? 3 : 1);
  // A visit keeps what it has until its time is up.
  const visitMs = Math.max(0, ...stage.visits.map(({ visit }) => visit.budgetMs));
  return 30_000 + visitMs + 5_000 * generations + 3 * clientRecordMaxAgeMs +
    10 * shardCheckIntervalMs +
    left * 25 + reads * readMs + bytesMs + goBoundMs(stage, generations);
}

/**
 * Go's max age, twice, for what was killed, and three of its looks for each generation of shards. It
 * goes by wall clocks: a row from one that was ahead is old only when the others have come as far.
 */
function goBoundMs({ goActors, scenario }: Stage, generations: number): number {
  if (goActors.length === 0) return 0;
  const hasJumps = scenario.actions.some((action) =>
    action.type === "clock-jump" || (action.type === "visit" && action.wallOffsetMs > 0)
  );
  return (10 + 3 * generations) * scenario.goCheckIntervalMs + (hasJumps ? 660_000 : 0);
}

/** P7: every client that still runs stops in time. */
export async function checkStops(stage: Stage): Promise<void> {
  const { stops, world: { account, clock } } = stage;
  // A machine that crashed while it stopped never ends; nobody waits for it.
  const isHopeless = stage.actors.some((actor) => actor.isCrashed && actor.isGone);
  let isStopped = isHopeless;
  Promise.all(stops).then(() => (isStopped = true));
  await clock.runUntil(() => isStopped, 2 * STOP_DEADLINE_MS).catch(() => {
    account.violate("P7", "a client did not stop");
  });
}

/** P7: what was released stays released, and nothing ticks. P6: what stayed was not taken anew. */
export function checkEnd(stage: Stage): void {
  const { actors, scenario, world: { account, clock, stream, tables } } = stage;
  if (scenario.isCalm && !actors.some(({ isCrashed }) => isCrashed)) { // nor are visits killed
    const owned = tables.checkpoints().filter(({ ownerId }) => ownerId !== undefined);
    if (owned.length > 0) account.violate("P7", `${owned.length} shard(s) still owned at the end`);
    const rows = tables.clientRows();
    if (rows.length > 0) account.violate("P7", `${rows.length} client(s) still listed at the end`);
    const sleepers = clock.sleeperCount();
    if (sleepers > 0) account.violate("P7", `${sleepers} timer(s) outlived the stop`);
  }
  if (stage.recaptures > stage.membershipChanges * stream.shards().length) {
    account.violate("P6", `${stage.recaptures} shards were let go and taken again`);
  }
}
