/**
 * Opens a StatsD client of `hot-shots`: the one place that loads it, and only when it is asked for.
 *
 * @module
 */

import { lookup } from "node:dns";
import type { StatsReceiver } from "../events.ts";
import { type Found, rememberingLookup } from "./lookup.ts";
import { type StatsdClient, statsdReceiver } from "./receiver.ts";

/** Where the statistics go. */
export interface StatsdOptions {
  /** The server. @default {"localhost"} */
  readonly host?: string | undefined;
  /** The UDP port: 1 to 65,535. @default {8125} */
  readonly port?: number | undefined;
  /** What every name begins with; a dot follows it. @default nothing */
  readonly prefix?: string | undefined;
  /** Is told what could not be sent; without it, that is nobody's concern. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** An open client. */
export interface StatsdConnection {
  /** For the option `statsReceiver`. */
  readonly receiver: StatsReceiver;
  /**
   * Sends what is left, and closes the socket: once the consumer has stopped. Resolves after two seconds
   * at the latest, although the server's name be looked up in vain for longer.
   */
  close(): Promise<void>;
}

/** What is used of the package. */
interface HotShots {
  readonly StatsD: new (options: Readonly<Record<string, unknown>>) => StatsdClient & {
    close(done: (error?: unknown) => void): void;
  };
}

/** What fits into a packet on any network. */
const PACKET_BYTES = 1_432;
const FLUSH_INTERVAL_MS = 1_000;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Sends the statistics to a StatsD server by UDP, several to a packet. Needs the package `hot-shots`,
 * on Node, Deno or Bun.
 *
 * @example
 * ```ts
 * import { Kinsumer } from "@kinsumer/kinsumer";
 * import { connectStatsd } from "@kinsumer/kinsumer/statsd";
 *
 * const statsd = await connectStatsd({ host: "statsd.example.com", prefix: "billing" });
 * const measured = new Kinsumer({
 *   streamName: "orders",
 *   applicationName: "billing",
 *   statsReceiver: statsd.receiver,
 * });
 * await measured.run();
 * // …
 * await measured.stop();
 * await statsd.close();
 * ```
 *
 * @throws {RangeError} when the port is not allowed
 * @throws {Error} when `hot-shots` is not installed
 */
export async function connectStatsd(options: StatsdOptions = {}): Promise<StatsdConnection> {
  const { host = "localhost", port = 8125, prefix = "", onError } = options;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`Cannot connect to StatsD: port must be 1 to 65535, got ${port}`);
  }
  const { StatsD } = await load(() => import("hot-shots"));
  const client = new StatsD({
    host,
    port,
    prefix: prefix === "" || prefix.endsWith(".") ? prefix : `${prefix}.`,
    maxBufferSize: PACKET_BYTES,
    bufferFlushInterval: FLUSH_INTERVAL_MS,
    includeDataDogTags: false,
    udpSocketOptions: {
      lookup: rememberingLookup(
        (name, family, found: Found) => lookup(name, { family }, found),
        () => performance.now(),
      ),
    },
    errorHandler: (error: unknown) => onError?.(error),
  });
  return {
    receiver: statsdReceiver(client),
    close: () => closed((done) => client.close(done), CLOSE_TIMEOUT_MS),
  };
}

/** Resolves when `close` is done, or when the time is over. */
export function closed(close: (done: () => void) => void, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function load(importPackage: () => Promise<unknown>): Promise<HotShots> {
  try {
    return await importPackage() as HotShots;
  } catch (cause) {
    const message = 'Cannot connect to StatsD: the package "hot-shots" is not installed ' +
      "(npm install hot-shots; deno add npm:hot-shots; bun add hot-shots)";
    throw new Error(message, { cause });
  }
}
