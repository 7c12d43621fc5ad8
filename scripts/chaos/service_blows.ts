/**
 * The blows that the services are dealt, and with them every client.
 *
 * @module
 */

import type { Fault } from "../../testing/fault_proxy.ts";
import { between, type Blow, ms, pause, percent, suffer } from "./blow.ts";

/** Cuts every connection again and again; some requests were done. */
export const cutConnections: Blow = async (world, signal) => {
  world.say("every connection is cut, three times; then a fifth of the answers is lost");
  const faults: Fault[] = [{ kind: "drop", isApplied: true, probability: 0.2 }];
  const cutting = (async () => {
    for (let count = 0; count < 3; count++) {
      world.proxy.cut();
      await pause(400, signal);
    }
  })();
  await suffer(world, signal, { faults, forMs: 3_000, window: { kind: "cut connections" } });
  await cutting;
};

/** Every request waits. */
export const latency: Blow = async (world, signal) => {
  const delayMs = Math.round(between(world, 50, 400));
  world.say(`${delayMs} to ${2 * delayMs} ms of latency for everybody`);
  const faults: Fault[] = [{ kind: "latency", delayMs, jitterMs: delayMs }];
  await suffer(world, signal, {
    faults,
    forMs: 4_000,
    window: { kind: "latency", mayFence: false },
  });
};

/** Some requests are throttled. */
export const throttle: Blow = async (world, signal) => {
  const probability = between(world, 0.2, 0.6);
  world.say(`${percent(probability)} of all requests are throttled`);
  const faults: Fault[] = [{ kind: "throttle", probability }];
  await suffer(world, signal, { faults, forMs: 4_000, window: { kind: "throttle" } });
};

/** Some requests are answered with 500, before anything is done. */
export const serverErrors: Blow = async (world, signal) => {
  const probability = between(world, 0.2, 0.5);
  world.say(`${percent(probability)} of all requests get a 500`);
  const faults: Fault[] = [{ kind: "server-error", probability }];
  await suffer(world, signal, { faults, forMs: 4_000, window: { kind: "server errors" } });
};

/** Some requests are never answered, done or not. */
export const hang: Blow = async (world, signal) => {
  const isApplied = world.random.next() < 0.5;
  world.say(`a tenth of all requests gets no answer, ${isApplied ? "done" : "not done"}`);
  const faults: Fault[] = [{ kind: "hang", isApplied, probability: 0.1 }];
  await suffer(world, signal, { faults, forMs: 3_000, window: { kind: "hung answers" } });
};

/** Iterators expire early. */
export const expiredIterators: Blow = async (world, signal) => {
  world.say("two reads of five find their iterator expired");
  const faults: Fault[] = [{ kind: "expired-iterator", probability: 0.4 }];
  await suffer(world, signal, { faults, forMs: 4_000 });
};

/** The list of shards comes in pages; tokens may die at once. */
export const pagedLists: Blow = async (world, signal) => {
  const tokenTtlMs = world.random.next() < 0.5 ? 5 : undefined;
  const how = tokenTtlMs === undefined ? "" : ", whose tokens die after 5 ms";
  world.say(`lists of shards come in pages of 3${how}`);
  const faults: Fault[] = [{ kind: "paged-list", pageSize: 3, tokenTtlMs }];
  await suffer(world, signal, { faults, forMs: 8_000 });
};

/** Reads say that the shard has ended, which it has not. */
export const falseShardEnds: Blow = async (world, signal) => {
  world.say("three reads of ten say that the shard has ended");
  const faults: Fault[] = [{ kind: "false-shard-end", probability: 0.3 }];
  await suffer(world, signal, { faults, forMs: 4_000 });
};

/** The servers are away for a moment, and come back on the same ports. */
export const restartFront: Blow = async (world, signal) => {
  const downMs = between(world, 300, 1_500);
  world.say(`the services are away for ${ms(downMs)}`);
  const close = world.windows.open({ kind: "services away" });
  await world.proxy.close();
  await pause(downMs, signal);
  await world.proxy.open();
  close();
};
