/**
 * Writes the statistics of a consumer under the names that the Go library gives them.
 *
 * @module
 */

import type { StatsReceiver } from "../events.ts";

/** What is used of a StatsD client; that of `hot-shots` fits, and so do others. */
export interface StatsdClient {
  /** Adds to a counter. */
  increment(name: string, value: number): unknown;
  /** Notes a duration in milliseconds. */
  timing(name: string, ms: number): unknown;
}

/**
 * A receiver for the option `statsReceiver`, writing to a client of yours: its prefix, its tags and
 * its errors are its own affair.
 *
 * @example
 * ```ts
 * import { Kinsumer } from "@kinsumer/kinsumer";
 * import { statsdReceiver } from "@kinsumer/kinsumer/statsd";
 * import { StatsD } from "hot-shots";
 *
 * const client = new StatsD({ host: "statsd.example.com", prefix: "billing.", maxBufferSize: 1432 });
 * const measured = new Kinsumer({
 *   streamName: "orders",
 *   applicationName: "billing",
 *   statsReceiver: statsdReceiver(client),
 * });
 * ```
 */
export function statsdReceiver(client: StatsdClient): StatsReceiver {
  return {
    checkpoint: () => void client.increment("kinsumer.checkpoints", 1),
    eventToClient: ({ insertedMs, retrievedMs }) => {
      const nowMs = Date.now();
      client.increment("kinsumer.consumed", 1);
      if (insertedMs !== undefined) {
        client.timing("kinsumer.in_stream", sinceMs(insertedMs, retrievedMs));
        client.timing("kinsumer.end_to_end", sinceMs(insertedMs, nowMs));
      }
      client.timing("kinsumer.in_kinsumer", sinceMs(retrievedMs, nowMs));
    },
    eventsFromKinesis: ({ count, lagMs, shardId }) => {
      if (lagMs !== undefined) client.timing(`kinsumer.${shardId}.lag`, lagMs);
      client.increment(`kinsumer.${shardId}.retrieved`, count);
    },
  };
}

/** Two hosts' clocks are compared here: what seems to be negative is nothing. */
function sinceMs(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round(toMs - fromMs));
}
