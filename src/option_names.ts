/**
 * Knows the options by name, and which of them somebody who wrote another name may have meant.
 *
 * @module
 */

import type { KinsumerOptions } from "./options.ts";

const KNOWN: { readonly [option in keyof Required<KinsumerOptions>]: true } = {
  streamName: true,
  streamArn: true,
  applicationName: true,
  clientName: true,
  clientId: true,
  region: true,
  credentials: true,
  kinesisEndpoint: true,
  dynamodbEndpoint: true,
  startAt: true,
  onInvalidCheckpoint: true,
  acknowledge: true,
  throttleDelayMs: true,
  idleDelayMs: true,
  commitIntervalMs: true,
  shardCheckIntervalMs: true,
  leaderActionIntervalMs: true,
  clientRecordMaxAgeMs: true,
  goShardCheckIntervalMs: true,
  drainTimeoutMs: true,
  stalledAfterMs: true,
  bufferSize: true,
  maxBufferedBytes: true,
  readLimit: true,
  wire: true,
  requestTimeoutMs: true,
  tablePrefix: true,
  tableNames: true,
  tableTags: true,
  deletionProtection: true,
  pointInTimeRecovery: true,
  tableCapacity: true,
  tableWaiterDelayMs: true,
  onEvent: true,
  logger: true,
  statsReceiver: true,
  extractContext: true,
  coordination: true,
  shared: true,
  runtime: true,
  kinesis: true,
  tables: true,
};

/** Whether there is an option of this name. */
export function isOption(name: string): name is keyof KinsumerOptions {
  return Object.hasOwn(KNOWN, name);
}

/** Words about the options that a name resembles, two at most: `; commitIntervalMs is`. */
export function insteadOf(name: string): string {
  const near = Object.keys(KNOWN).filter((option) => resembles(name, option))
    .sort((a, b) => a.length - b.length).slice(0, 2);
  return near.length === 0 ? "" : `; ${near.join(" and ")} ${near.length === 1 ? "is" : "are"}`;
}

/** Whether the letters of one of them stand in the other, in order: `appName`, `endpoint`. */
function resembles(name: string, option: string): boolean {
  const [short, long] = [name, option].map((each) => each.toLowerCase())
    .sort((a, b) => a.length - b.length) as [string, string];
  let found = 0;
  for (const letter of long) if (letter === short[found]) found += 1;
  return short.length > 2 && found === short.length;
}
