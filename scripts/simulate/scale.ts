/**
 * Measures how the coordination scales: a simulated fleet of many clients on many shards, through a
 * cold start, a join, a leave, a crash and a mass restart.
 *
 * @module
 */

import type { Item } from "../../src/aws/dynamodb_api.ts";
import { FleetAccount } from "../../testing/simulation/account.ts";
import { createSimulatedClock } from "../../testing/simulation/clock.ts";
import {
  openSimulatedClient,
  type SimulatedClient,
  type SimulatedWorld,
} from "../../testing/simulation/fleet.ts";
import { createSimulatedStream } from "../../testing/simulation/kinesis.ts";
import { createSimulatedTables } from "../../testing/simulation/tables.ts";
import { Meter } from "./meter.ts";

const START_MS = Date.UTC(2026, 0, 1);
const LATENCY_MS = 5;
const STEADY_MS = 60_000;
const LIMIT_MS = 300_000;

/** How one change went. */
export interface ScaleRow {
  readonly change: string;
  /** From the change until every shard has a living owner and shares are equal: milliseconds. */
  readonly convergedMs: number;
  /** Shards that went from one living client to another, or away from one that is gone. */
  readonly moves: number;
  /** The fewest that equal shares allow. */
  readonly fewestMoves: number;
}

/** What a calm minute costs. */
export interface ScaleCost {
  readonly requestsPerClientMinute: number;
  readonly bytesReadPerClientMinute: number;
  readonly requestsPerShardMinute: number;
  readonly bytesReadPerShardMinute: number;
  readonly largestItemBytes: number;
}

/** What was measured. */
export interface ScaleResult {
  readonly clients: number;
  readonly shards: number;
  readonly rows: readonly ScaleRow[];
  readonly cost: ScaleCost;
}

/** Runs a fleet through its changes. */
export async function measureScale(size: {
  readonly clients: number;
  readonly shards: number;
}): Promise<ScaleResult> {
  const fleet = new ScaledFleet(size.shards);
  const rows: ScaleRow[] = [];
  const change = async (name: string, fewestMoves: number, act: () => void): Promise<void> => {
    const before = fleet.owners();
    const convergedMs = await fleet.converge(act);
    rows.push({ change: name, convergedMs, moves: fleet.countMoves(before), fewestMoves });
  };
  const { clients, shards } = size;
  const share = Math.floor(shards / clients);
  await change("cold start", 0, () => fleet.start(clients));
  const cost = await fleet.measureCalm(STEADY_MS);
  await change("one joins", Math.floor(shards / (clients + 1)), () => fleet.start(1));
  await change("one stops", share, () => fleet.stopOne());
  await change("one crashes", share, () => fleet.crash(1));
  await change("all restart", shards, () => {
    fleet.crash(fleet.livingCount);
    fleet.start(clients);
  });
  return { clients, shards, rows, cost };
}

class ScaledFleet {
  readonly #world: SimulatedWorld;
  readonly #meter = new Meter();
  #living: SimulatedClient[] = [];
  #count = 0;
  readonly #shardCount: number;

  constructor(shardCount: number) {
    this.#shardCount = shardCount;
    const clock = createSimulatedClock({ startMs: START_MS });
    const stream = createSimulatedStream({ clock: clock.clock, shards: shardCount });
    const tables = createSimulatedTables({ clock: clock.clock });
    const account = new FleetAccount({ stream, tables, clock: clock.clock });
    this.#world = { clock, stream, tables, account };
    tables.onChange(({ after }) => this.#meter.wrote(after as Item | undefined));
  }

  get livingCount(): number {
    return this.#living.length;
  }

  start(count: number): void {
    for (let each = 0; each < count; each++) {
      const client = openSimulatedClient(this.#world, {
        name: `c${this.#count}`,
        seed: ++this.#count,
        // Reads and checkpoints of idle shards are not what is measured here.
        options: { throttleDelayMs: 60_000, commitIntervalMs: 60_000 },
        dynamodb: {
          latencyMs: LATENCY_MS,
          intercept: () => this.#meter.asked(),
          interceptAnswer: (_operation, _args, answer) => this.#meter.answered(answer),
        },
      });
      client.done.catch((error: unknown) => {
        throw error;
      });
      this.#living.push(client);
    }
  }

  stopOne(): void {
    const client = this.#living.pop();
    void client?.kinsumer.stop();
  }

  crash(count: number): void {
    for (const client of this.#living.splice(0, count)) client.crash();
  }

  /** Who owns each shard. */
  owners(): ReadonlyMap<string, string> {
    return new Map(
      this.#world.tables.checkpoints().map(({ shardId, ownerId }) => [shardId, ownerId ?? ""]),
    );
  }

  /** Shards whose owner changed. */
  countMoves(before: ReadonlyMap<string, string>): number {
    let moves = 0;
    for (const [shardId, ownerId] of this.owners()) {
      const earlier = before.get(shardId);
      if (earlier !== undefined && earlier !== ownerId) moves++;
    }
    return moves;
  }

  /** Makes a change, and lets time pass until every shard has a living owner, in equal shares. */
  async converge(act: () => void): Promise<number> {
    const { clock } = this.#world;
    const fromMs = clock.clock.monotonicMs();
    act();
    while (!this.#isConverged()) {
      if (clock.clock.monotonicMs() - fromMs > LIMIT_MS) {
        throw new Error("The fleet does not settle");
      }
      await clock.advance(100);
    }
    return clock.clock.monotonicMs() - fromMs;
  }

  /** What a minute costs in which nothing happens. */
  async measureCalm(ms: number): Promise<ScaleCost> {
    await this.#world.clock.advance(20_000);
    this.#meter.reset();
    await this.#world.clock.advance(ms);
    const { requests, bytesRead, largestItemBytes } = this.#meter;
    const minutes = ms / 60_000;
    const round = (value: number): number => Math.round(value * 10) / 10;
    return {
      requestsPerClientMinute: round(requests / this.livingCount / minutes),
      bytesReadPerClientMinute: Math.round(bytesRead / this.livingCount / minutes),
      requestsPerShardMinute: round(requests / this.#shardCount / minutes),
      bytesReadPerShardMinute: Math.round(bytesRead / this.#shardCount / minutes),
      largestItemBytes,
    };
  }

  #isConverged(): boolean {
    const counts = new Map(this.#living.map(({ kinsumer }) => [kinsumer.clientId, 0]));
    const owners = this.owners();
    if (owners.size < this.#shardCount) return false;
    for (const ownerId of owners.values()) {
      const count = counts.get(ownerId);
      if (count === undefined) return false;
      counts.set(ownerId, count + 1);
    }
    const all = [...counts.values()];
    return Math.max(...all) - Math.min(...all) <= 1;
  }
}

/** The table for people, in Markdown. */
export function scaleTable({ clients, shards, rows, cost }: ScaleResult): string {
  const lines = rows.map(({ change, convergedMs, moves, fewestMoves }) =>
    `| ${change} | ${(convergedMs / 1_000).toFixed(1)} s | ${moves} | ${fewestMoves} |`
  );
  return [
    `${clients} clients, ${shards} shards, default options, ${LATENCY_MS} ms a request`,
    "",
    "| change | settled after | shards moved | fewest possible |",
    "|---|---|---|---|",
    ...lines,
    "",
    "| a calm minute costs | of a client | of a shard |",
    "|---|---|---|",
    `| requests to DynamoDB | ${cost.requestsPerClientMinute} | ${cost.requestsPerShardMinute} |`,
    `| bytes read | ${cost.bytesReadPerClientMinute} | ${cost.bytesReadPerShardMinute} |`,
    "",
    `The largest item written has ${cost.largestItemBytes} bytes.`,
  ].join("\n");
}
