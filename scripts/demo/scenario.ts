/**
 * Tells the story of the demo: a client joins, a shard is split, two are merged, a client is killed,
 * one is stopped; each when a share of the records is produced, and while the rest is.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { shortId } from "./board.ts";
import type { ClientProcess } from "./client_process.ts";
import type { Demo } from "./demo.ts";
import { type FailOver, failOverOf } from "./fail_over.ts";
import { openShardsInKeyOrder } from "./lineage.ts";
import { seconds } from "../../src/cli/spans.ts";

const START_TIMEOUT_MS = 60_000;
const CHANGE_TIMEOUT_MS = 20_000;
/** How long the last client is watched, when it has taken everything over. */
const QUIET_MS = 1_000;
const POLL_INTERVAL_MS = 50;

/**
 * Plays the story to its end. What takes too long becomes a problem of the run, and shortens the
 * story.
 *
 * @returns how the kill was made good
 */
export async function play(demo: Demo, signal: AbortSignal): Promise<FailOver> {
  const scenario = new Scenario(demo, signal);
  await scenario.begin();
  const producing = demo.producer.run(signal);
  // A producer that fails ends the story; it must not be an unhandled rejection until then.
  const failing = producing.then(() => new Promise<never>(() => {}));
  const telling = scenario.tell();
  await Promise.race([telling, failing]);
  demo.producer.finish();
  await producing;
  await scenario.end();
  return scenario.failOver;
}

class Scenario {
  readonly #demo: Demo;
  readonly #signal: AbortSignal;
  #failOver: FailOver = { victim: "nobody", shards: [], worstMs: undefined };

  constructor(demo: Demo, signal: AbortSignal) {
    this.#demo = demo;
    this.#signal = signal;
  }

  get failOver(): FailOver {
    return this.#failOver;
  }

  async begin(): Promise<void> {
    const { board, settings: { clients } } = this.#demo;
    this.#say(`Starting ${clients} clients, each a process of its own`);
    for (let count = 0; count < clients; count++) this.#demo.startClient();
    const isReady = () =>
      [...board.clients.values()].every(({ state }) => state !== "starting") &&
      this.#isAllOwned();
    await this.#until("every shard has an owner", isReady, START_TIMEOUT_MS);
    this.#say("Everything flows: records are produced and consumed");
  }

  async tell(): Promise<void> {
    await this.#at(0.1, () => this.#join());
    await this.#at(0.25, () => this.#split());
    await this.#at(0.4, () => this.#merge());
    await this.#at(0.55, () => this.#kill());
    await this.#at(0.85, () => this.#stop());
  }

  /** Waits for the last record, then stops one client after another. */
  async end(): Promise<void> {
    const { board } = this.#demo;
    this.#say("Everything is produced; waiting for the last records");
    const isConsumed = () => board.consumedCount >= board.producedCount;
    await this.#until("every record was consumed", isConsumed, CHANGE_TIMEOUT_MS);
    this.#say("Stopping one client after another: nothing may come twice");
    for (const client of this.#demo.running.slice(0, -1)) {
      await this.#demo.stopClient(client);
      await this.#until("every shard has an owner", () => this.#isAllOwned(), CHANGE_TIMEOUT_MS);
    }
    await sleep(QUIET_MS, undefined, { signal: this.#signal });
    for (const client of this.#demo.running) await this.#demo.stopClient(client);
    this.#say("Every client has stopped");
  }

  /** Takes the step when that share of the records is produced, unless something is wrong. */
  async #at(share: number, step: () => Promise<void>): Promise<void> {
    const isDue = () => this.#demo.producer.share >= share || this.#demo.problems.length > 0;
    while (!isDue()) {
      this.#signal.throwIfAborted();
      await sleep(POLL_INTERVAL_MS);
    }
    if (this.#demo.problems.length === 0) await step();
  }

  async #join(): Promise<void> {
    const { board } = this.#demo;
    const { name } = this.#demo.startClient();
    this.#say(`Client ${name} joins: it gets its share, and no other shard moves`);
    const isDone = () =>
      board.client(name).state === "running" &&
      (board.shardsOf(name).length > 0 || this.#openCount() < this.#demo.running.length);
    await this.#until(`client ${name} has a shard`, isDone, CHANGE_TIMEOUT_MS);
  }

  async #split(): Promise<void> {
    const { streams, streamName } = this.#demo;
    const line = openShardsInKeyOrder(await streams.shards(streamName));
    const shardId = line[Math.floor(line.length / 3)]!;
    this.#say(
      `Splitting shard ${shortId(shardId)}: its two children wait until it is read to its end`,
    );
    await streams.split(streamName, shardId);
    await this.#reshard([shardId]);
  }

  async #merge(): Promise<void> {
    const { streams, streamName } = this.#demo;
    const [first, second] = openShardsInKeyOrder(await streams.shards(streamName)).slice(-2);
    if (first === undefined || second === undefined) {
      throw new Error("Cannot merge: one shard only");
    }
    this.#say(
      `Merging shards ${shortId(first)} and ${shortId(second)}: their child waits for both`,
    );
    await streams.merge(streamName, first, second);
    await this.#reshard([first, second]);
  }

  async #reshard(parentIds: readonly string[]): Promise<void> {
    await this.#demo.refreshShards();
    const { board } = this.#demo;
    const isDone = () => parentIds.every((id) => board.shard(id).isFinished) && this.#isAllOwned();
    await this.#until("the new shards have owners", isDone, CHANGE_TIMEOUT_MS);
  }

  async #kill(): Promise<void> {
    const { board, entries } = this.#demo;
    const victim = this.#most(this.#demo.running.slice(1));
    this.#demo.update();
    const orphans = board.shardsOf(victim.name);
    const list = orphans.map(shortId).join(", ");
    this.#say(`Killing client ${victim.name} with SIGKILL: who takes its shards ${list}?`);
    const killedAtMs = Date.now();
    await this.#demo.killClient(victim);
    const isDone = () => {
      this.#failOver = failOverOf(entries, { victim: victim.name, orphans, killedAtMs });
      return this.#failOver.shards.every(({ takenMs }) => takenMs !== undefined);
    };
    await this.#until("survivors read the victim's shards", isDone, CHANGE_TIMEOUT_MS);
    const { worstMs = 0 } = this.#failOver;
    this.#say(`Survivors took over: ${seconds(worstMs)} from SIGKILL to the last first record`);
  }

  async #stop(): Promise<void> {
    const { board } = this.#demo;
    const client = this.#demo.running.find(({ name }) => board.client(name).isLeader) ??
      this.#demo.running[0]!;
    this.#say(`Stopping client ${client.name}, the leader, with SIGTERM: it hands over and leaves`);
    await this.#demo.stopClient(client);
    await this.#until("every shard has an owner", () => this.#isAllOwned(), CHANGE_TIMEOUT_MS);
  }

  /** The client with the most shards. */
  #most(clients: readonly ClientProcess[]): ClientProcess {
    const { board } = this.#demo;
    const countOf = ({ name }: ClientProcess) => board.shardsOf(name).length;
    return [...clients].sort((a, b) => countOf(b) - countOf(a))[0]!;
  }

  #isAllOwned(): boolean {
    return [...this.#demo.board.shards.values()].every(({ owner, isFinished }) =>
      isFinished || owner !== undefined
    );
  }

  #openCount(): number {
    return [...this.#demo.board.shards.values()].filter(({ isClosed }) => !isClosed).length;
  }

  #say(text: string): void {
    this.#demo.board.announce(text, Date.now());
  }

  async #until(what: string, isDone: () => boolean, timeoutMs: number): Promise<void> {
    await this.#demo.until(what, isDone, { signal: this.#signal, timeoutMs });
  }
}
