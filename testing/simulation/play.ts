/**
 * Plays a scenario in a simulated world, and says which promises were not kept.
 *
 * @module
 */

import { FleetAccount, type Violation } from "./account.ts";
import type { Fate } from "./channel.ts";
import { createSimulatedClock } from "./clock.ts";
import { openSimulatedClient, type SimulatedClient, type SimulatedWorld } from "./fleet.ts";
import { createSimulatedStream } from "./kinesis.ts";
import { createSeededRandom } from "./random.ts";
import type { Action, Scenario } from "./scenario.ts";
import { createSimulatedTables } from "./tables.ts";
import { Trace } from "./trace.ts";

const START_MS = Date.UTC(2026, 0, 1);
const STOP_DEADLINE_MS = 10_000;
/** A client may not send more requests than this in a simulated second, on average over ten. */
const MOST_REQUESTS_A_SECOND = 60;
const MOST_REQUESTS_A_SECOND_AND_SHARD = 20;

/** The Go library captures a row that is five minutes old. */
const MOST_ROW_AGE_MS = 150_000;

/** What became of a scenario. */
export interface PlayResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** The same for the same seed, on every runtime. */
  readonly traceHash: string;
  readonly trace: readonly string[];
  readonly produced: number;
  readonly duplicates: number;
  /** How long the fleet took, after the last fault, until all was processed and every shard owned. */
  readonly recoveryMs: number;
}

/** Plays a scenario from start to end. */
export async function playScenario(scenario: Scenario): Promise<PlayResult> {
  const player = new Player(scenario);
  await player.play();
  return player.result();
}

interface Window {
  readonly untilMs: number;
  readonly share: number;
}

/** One client of the fleet, and how it is disturbed now. */
interface Actor {
  readonly name: string;
  client: SimulatedClient;
  handlerMs: number;
  isJoined: boolean;
  isGone: boolean;
  isCrashed: boolean;
  isPaused: boolean;
  isCut: boolean;
  requests: number;
  fetched: number;
  delivered: number;
  captures: number;
}

class Player {
  readonly #scenario: Scenario;
  readonly #world: SimulatedWorld;
  readonly #random: ReturnType<typeof createSeededRandom>;
  readonly #trace = new Trace();
  readonly #actors: Actor[] = [];
  readonly #stops: Promise<void>[] = [];
  readonly #windows = new Map<"lossy" | "throttle" | "no-iterator" | "latency", Window>();
  readonly #owners = new Map<string, string>();
  /** When each checkpoint row was last written. */
  readonly #writtenAtMs = new Map<string, number>();
  #joinCount = 0;
  #recordCount = 0;
  #membershipChanges = 0;
  #recaptures = 0;
  #recoveryMs = 0;
  #isOver = false;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#random = createSeededRandom(scenario.seed + 0x5eed);
    const clock = createSimulatedClock({ startMs: START_MS });
    const stream = createSimulatedStream({
      clock: clock.clock,
      shards: scenario.shardCount,
      readsPerSecond: scenario.readsPerSecond,
      namesChildShards: scenario.namesChildShards,
      iteratorTtlMs: scenario.iteratorTtlMs,
    });
    const tables = createSimulatedTables({ clock: clock.clock });
    const account = new FleetAccount({ stream, tables, clock: clock.clock });
    this.#world = { clock, stream, tables, account };
    tables.onChange(({ table, key, after }) => {
      if (table === "checkpoints") this.#writtenAtMs.set(key, clock.clock.monotonicMs());
      this.#log(`${table} ${key} ${after === undefined ? "-" : JSON.stringify(after)}`);
    });
  }

  result(): PlayResult {
    const { account } = this.#world;
    return {
      seed: this.#scenario.seed,
      violations: account.violations,
      traceHash: this.#trace.hash,
      trace: this.#trace.lines,
      produced: account.producedCount,
      duplicates: account.duplicates().length,
      recoveryMs: this.#recoveryMs,
    };
  }

  async play(): Promise<void> {
    const { clock } = this.#world;
    const { actions, clientCount, durationMs, startAt } = this.#scenario;
    for (let each = 0; each < clientCount; each++) this.#join();
    // Under "latest", only what comes after the first start is owed.
    const isStarted = () =>
      this.#world.tables.items("metadata").some((item) => "StartedAtMs" in item);
    if (startAt === "latest") await clock.runUntil(isStarted, 60_000);
    const watching = this.#watchRequests();
    for (const action of actions) {
      await clock.advance(Math.max(0, action.atMs - clock.clock.monotonicMs()));
      this.#log(JSON.stringify(action));
      this.#act(action);
    }
    await clock.advance(Math.max(0, durationMs - clock.clock.monotonicMs()));
    await this.#recover();
    await clock.advance(this.#scenario.idleMs);
    await this.#stopAll();
    this.#isOver = true;
    await clock.advance(60_000);
    await watching;
    this.#checkRest();
  }

  #join(): void {
    const name = `c${this.#joinCount++}`;
    this.#membershipChanges++;
    const random = createSeededRandom(this.#scenario.seed * 1_000 + this.#joinCount);
    const actor: Actor = {
      name,
      handlerMs: this.#scenario.handlerMs,
      isJoined: false,
      isGone: false,
      isCrashed: false,
      isPaused: false,
      isCut: false,
      requests: 0,
      fetched: 0,
      delivered: 0,
      captures: 0,
      client: undefined as unknown as SimulatedClient,
    };
    const channel = {
      latencyMs: 1,
      fate: (operation: string) => this.#fate(operation),
      intercept: (operation: string) => this.#intercept(actor, operation),
      interceptAnswer: (operation: string) => this.#interceptAnswer(operation),
    };
    actor.client = openSimulatedClient(this.#world, {
      name,
      seed: this.#scenario.seed * 7_919 + this.#joinCount,
      clientId: random.uuid(),
      handlerMs: () => {
        actor.delivered++;
        return actor.handlerMs;
      },
      options: {
        ...this.#scenario.options,
        startAt: this.#scenario.startAt,
        onEvent: (event) => {
          this.#log(`${name} ${JSON.stringify(event)}`);
          if (event.type === "shard-captured") this.#captured(actor, event.shardId);
          if (event.type === "shard-lost") this.#lost(actor, event);
        },
      },
      dynamodb: channel,
      kinesis: channel,
      answer: (answer) => {
        actor.fetched += answer.records.length;
        this.#checkBuffer(actor);
        return this.#isIn("no-iterator") ? { ...answer, nextShardIterator: undefined } : answer;
      },
    });
    this.#actors.push(actor);
    this.#supervise(actor);
  }

  /** As an orchestrator would: a client that could not start is started anew. */
  #supervise(actor: Actor): void {
    actor.client.joined.then(() => (actor.isJoined = true), async (error: unknown) => {
      actor.isGone = true;
      this.#log(`${actor.name} could not join: ${error}`);
      await this.#world.clock.clock.sleep(1_000);
      if (!this.#isOver) this.#join();
    });
    actor.client.done.catch((error: unknown) => {
      if (!actor.isJoined) return;
      this.#world.account.violate("P5", `${actor.name} ended with ${error}`);
    });
  }

  #captured(actor: Actor, shardId: string): void {
    actor.captures++;
    if (this.#owners.get(shardId) === actor.name) this.#recaptures++;
    this.#owners.set(shardId, actor.name);
  }

  /** P6: a shard is lost only to somebody. */
  #lost(actor: Actor, { shardId, reason }: { shardId: string; reason: string }): void {
    if (reason !== "taken") return;
    const row = this.#world.tables.checkpoints().find((each) => each.shardId === shardId);
    if (row?.ownerId !== actor.client.kinsumer.clientId) return;
    this.#world.account.violate("P6", `${actor.name} gave ${shardId} up, which is its own`);
  }

  /** P8: no more is read ahead than the buffer takes, and one read of each shard. */
  #checkBuffer(actor: Actor): void {
    const { bufferSize, readLimit } = this.#scenario.options;
    const shardCount = this.#world.stream.shards().length;
    const most = bufferSize + readLimit * shardCount * (1 + actor.captures);
    if (actor.fetched - actor.delivered > most) {
      this.#world.account.violate(
        "P8",
        `${actor.name} reads ahead ${actor.fetched - actor.delivered}`,
      );
    }
  }

  #act(action: Action): void {
    const { account, clock, stream } = this.#world;
    const untilMs = clock.clock.monotonicMs() + ("forMs" in action ? action.forMs : 0);
    const living = this.#actors.filter((actor) => !actor.isGone && !actor.isCrashed);
    const actor = "which" in action ? living[action.which % Math.max(1, living.length)] : undefined;
    const open = stream.shards().filter((shard) => shard.endingSequenceNumber === undefined);
    switch (action.type) {
      case "put":
        return this.#put(action.count);
      case "join":
        return living.length < 6 ? this.#join() : undefined;
      case "stop":
        return actor && living.length > 1 ? this.#stop(actor) : undefined;
      case "deploy":
        for (const each of living) {
          this.#stop(each);
          this.#join();
        }
        return;
      case "crash":
        return actor && living.length > 1 ? this.#crash(actor) : undefined;
      case "crash-all":
        for (const each of living) this.#crash(each);
        return this.#join();
      case "pause":
        return actor && this.#pause(actor, action.forMs);
      case "cut":
        return actor && this.#cut(actor, action);
      case "lossy":
        for (const each of this.#actors) account.excuse(each.name);
        return void this.#windows.set("lossy", { untilMs, share: action.share });
      case "latency":
        for (const each of this.#actors) account.excuse(each.name);
        return void this.#windows.set("latency", { untilMs, share: action.ms });
      case "throttle":
      case "no-iterator":
        return void this.#windows.set(action.type, { untilMs, share: action.share });
      case "clock-jump":
        return actor && actor.client.machine.setWallOffset(action.offsetMs);
      case "slow":
        if (actor) actor.handlerMs = action.handlerMs;
        return;
      case "split":
        return open.length > 0 && open.length < 8
          ? void stream.split(open[action.which % open.length]!.shardId)
          : undefined;
      case "merge":
        return this.#merge(action.which);
      case "go-client":
        return void this.#goClient(untilMs);
    }
  }

  #put(count: number): void {
    for (let each = 0; each < count; each++) {
      const data = String(this.#recordCount++);
      this.#world.account.produced(this.#world.stream.put({ partitionKey: data, data }));
    }
  }

  #stop(actor: Actor): void {
    const { account, clock } = this.#world;
    this.#membershipChanges++;
    actor.isGone = true;
    actor.handlerMs = Math.min(actor.handlerMs, 1_000);
    // A record that is held beyond the deadline is delivered again.
    if (this.#scenario.actions.some(({ type }) => type === "slow")) account.excuse(actor.name);
    const fromMs = clock.clock.monotonicMs();
    let isPaused = actor.isCrashed || actor.isPaused;
    this.#stops.push(
      actor.client.kinsumer.stop({ deadlineMs: STOP_DEADLINE_MS }).then(() => {
        isPaused ||= actor.isCrashed || actor.isPaused;
        const tookMs = clock.clock.monotonicMs() - fromMs;
        if (tookMs > STOP_DEADLINE_MS && !isPaused) {
          account.violate("P7", `${actor.name} took ${tookMs} ms to stop`);
        }
      }),
    );
  }

  #crash(actor: Actor): void {
    this.#membershipChanges++;
    actor.isCrashed = true;
    actor.client.crash();
  }

  #pause(actor: Actor, forMs: number): void {
    const { clock } = this.#world;
    this.#membershipChanges += 2;
    actor.isPaused = true;
    actor.client.crash();
    clock.clock.sleep(forMs).then(() => {
      if (!actor.isCrashed) actor.client.machine.resume();
    });
  }

  #cut(actor: Actor, action: Extract<Action, { type: "cut" }>): void {
    const { kinesis, dynamodb, timeoutMs, forMs } = action;
    this.#membershipChanges += 2;
    actor.isCut = true;
    actor.client.cut({ kinesis, dynamodb, timeoutMs });
    this.#world.clock.clock.sleep(forMs).then(() => {
      actor.client.cut({ kinesis: false, dynamodb: false });
    });
  }

  #merge(which: number): void {
    const { stream } = this.#world;
    const open = stream.shards().filter((shard) => shard.endingSequenceNumber === undefined);
    if (open.length < 2) return;
    const first = open[which % open.length]!;
    for (const other of open) {
      if (other === first) continue;
      try {
        return void stream.merge(first.shardId, other.shardId);
      } catch {
        continue; // they are not adjacent
      }
    }
  }

  /** A client of the Go library, as far as others see it: it beats, and owns nothing. */
  async #goClient(untilMs: number): Promise<void> {
    const { clock, tables } = this.#world;
    this.#membershipChanges += 2;
    const id = `${this.#random.uuid()}-go`;
    while (clock.clock.monotonicMs() < untilMs && !this.#isOver) {
      const lastUpdate = `${clock.clock.nowMs()}000000`;
      tables.put("clients", { ID: { S: id }, Name: { S: "go" }, LastUpdate: { N: lastUpdate } });
      await clock.clock.sleep(1_000);
    }
    tables.put("clients", { ID: { S: id }, Name: { S: "go" }, LastUpdate: { N: "1" } });
  }

  async #intercept(actor: Actor, operation: string): Promise<void> {
    actor.requests++;
    const latency = this.#windows.get("latency");
    if (latency !== undefined && latency.untilMs > this.#world.clock.clock.monotonicMs()) {
      await this.#world.clock.clock.sleep(latency.share * this.#random.next());
    }
    if (operation.startsWith("Get") && operation !== "GetItem" && this.#isIn("throttle")) {
      throw Object.assign(new Error("throttled"), { code: "Throttled" });
    }
  }

  #fate(operation: string): Fate | undefined {
    if (operation !== "UpdateItem" && operation !== "DeleteItem") return undefined;
    if (!this.#isIn("lossy")) return undefined;
    const ms = Math.floor(this.#random.next() * 20_000);
    return { fate: this.#random.next() < 0.5 ? "late" : "twice", ms };
  }

  #interceptAnswer(operation: string): void {
    if (operation === "GetRecords" || !this.#isIn("lossy")) return;
    throw new TypeError("fetch failed");
  }

  #isIn(window: "lossy" | "throttle" | "no-iterator"): boolean {
    const found = this.#windows.get(window);
    if (found === undefined || found.untilMs <= this.#world.clock.clock.monotonicMs()) return false;
    return this.#random.next() < found.share;
  }

  /** P5: once every fault has ended, all is processed and every shard owned within a bound. */
  async #recover(): Promise<void> {
    const { account, clock, stream, tables } = this.#world;
    this.#windows.clear();
    for (const actor of this.#actors) {
      actor.handlerMs = Math.min(actor.handlerMs, 20);
      if (actor.isCrashed) continue;
      actor.client.machine.resume();
      actor.client.cut({ kinesis: false, dynamodb: false });
    }
    if (!this.#actors.some((actor) => !actor.isGone && !actor.isCrashed)) this.#join();
    this.#put(10);
    const fromMs = clock.clock.monotonicMs();
    const openIds = () =>
      stream.shards().filter((each) => each.endingSequenceNumber === undefined)
        .map(({ shardId }) => shardId);
    const isRecovered = () => {
      if (!account.isComplete) return false;
      const owned = new Set(
        tables.checkpoints().filter(({ ownerId }) => ownerId !== undefined).map((r) => r.shardId),
      );
      return openIds().every((shardId) => owned.has(shardId)) && this.#isLedByLowest();
    };
    try {
      await clock.runUntil(isRecovered, this.#boundMs());
    } catch {
      const open = account.open();
      const rows = tables.checkpoints().map((r) => `${r.shardId}:${r.ownerId ?? "-"}`).join(" ");
      account.violate("P5", `not recovered: ${open.length} open (${open.slice(0, 3)}) ${rows}`);
    }
    this.#recoveryMs = clock.clock.monotonicMs() - fromMs;
  }

  #isLedByLowest(): boolean {
    const { tables } = this.#world;
    const ids = tables.clientRows().filter((row) => !row.isLeaving).map((row) => row.clientId);
    return tables.clientRows().some((row) => row.maxAgeMs === undefined) ||
      tables.leader()?.clientId === ids.sort()[0];
  }

  #boundMs(): number {
    const { options, readsPerSecond } = this.#scenario;
    const { account, stream, tables } = this.#world;
    const { clientRecordMaxAgeMs, readLimit, shardCheckIntervalMs, throttleDelayMs } = options;
    const left = account.producedCount - account.processedCount;
    const generations = stream.shards().length;
    const reads = Math.ceil(left / readLimit) + generations;
    const workMs = left * 25 + reads * (throttleDelayMs + 50) * (readsPerSecond < 1_000 ? 3 : 1);
    const hasGoClient = tables.clientRows().some((row) => row.maxAgeMs === undefined);
    return 30_000 + 5_000 * generations + 3 * clientRecordMaxAgeMs + 10 * shardCheckIntervalMs +
      workMs + (hasGoClient ? 400_000 : 0);
  }

  async #stopAll(): Promise<void> {
    const { account, clock } = this.#world;
    for (const actor of this.#actors) if (!actor.isGone && !actor.isCrashed) this.#stop(actor);
    let isStopped = false;
    const stops = this.#stops.map((stop, index) =>
      this.#actors.some((actor) => actor.isCrashed && actor.isGone)
        ? undefined
        : stop.then(() => index)
    );
    Promise.all(stops).then(() => (isStopped = true));
    await clock.runUntil(() => isStopped, 2 * STOP_DEADLINE_MS).catch(() => {
      account.violate("P7", "a client did not stop");
    });
  }

  /** P7: what was released stays released. P6: what stayed was not taken anew. */
  #checkRest(): void {
    const { account, tables } = this.#world;
    const crashed = this.#actors.some(({ isCrashed }) => isCrashed);
    if (this.#scenario.isCalm && !crashed) {
      const owned = tables.checkpoints().filter(({ ownerId }) => ownerId !== undefined);
      if (owned.length > 0) {
        account.violate("P7", `${owned.length} shard(s) still owned at the end`);
      }
      const rows = tables.clientRows();
      if (rows.length > 0) {
        account.violate("P7", `${rows.length} client(s) still listed at the end`);
      }
      const sleepers = this.#world.clock.sleeperCount();
      if (sleepers > 0) account.violate("P7", `${sleepers} timer(s) outlived the stop`);
    }
    const most = this.#membershipChanges * this.#world.stream.shards().length;
    if (this.#recaptures > most) {
      account.violate("P6", `${this.#recaptures} shards were let go and taken again`);
    }
  }

  /** P4: the row of an idle owner is renewed, or a Go client would take it for a dead one's. */
  #checkIdleRows(): void {
    const { account, clock, tables } = this.#world;
    const healthy = new Set(
      this.#actors.filter((each) =>
        !each.isGone && !each.isCrashed && !each.isPaused && !each.isCut
      )
        .map((each) => each.client.kinsumer.clientId),
    );
    for (const { shardId, ownerId } of tables.checkpoints()) {
      const ageMs = clock.clock.monotonicMs() - (this.#writtenAtMs.get(shardId) ?? 0);
      if (ownerId !== undefined && healthy.has(ownerId) && ageMs > MOST_ROW_AGE_MS) {
        account.violate("P4", `${shardId} was not renewed for ${ageMs} ms`);
      }
    }
  }

  /** P8: no client asks without pause. */
  async #watchRequests(): Promise<void> {
    const { account, clock, stream } = this.#world;
    while (!this.#isOver) {
      await clock.clock.sleep(10_000);
      const most = 10 *
        (MOST_REQUESTS_A_SECOND + MOST_REQUESTS_A_SECOND_AND_SHARD * stream.shards().length);
      this.#checkIdleRows();
      for (const actor of this.#actors) {
        if (actor.requests > most) {
          account.violate("P8", `${actor.name} sent ${actor.requests} requests in ten seconds`);
        }
        actor.requests = 0;
      }
    }
  }

  #log(line: string): void {
    this.#trace.add(`${this.#world.clock.clock.monotonicMs()} ${line}`);
  }
}
