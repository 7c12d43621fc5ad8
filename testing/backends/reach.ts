/**
 * Finds the address at which a container's published ports answer: the engine's address is not the
 * same seen from a machine, from a container beside it, or through a forwarded port.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { LocalKinesisError } from "../local_error.ts";

const ASK_TIMEOUT_MS = 2_000;
const PAUSE_MS = 100;

/**
 * The first of the hosts whose every port answers a request by HTTP, whatever it answers.
 *
 * @param hosts candidates, the likeliest first
 * @throws {LocalKinesisError} `StartFailed`, where none does in time
 */
export async function reachableHost(
  hosts: readonly string[],
  ports: readonly number[],
  { timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {},
): Promise<string> {
  const candidates = [...new Set(hosts)];
  const untilMs = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    for (const host of candidates) {
      try {
        await Promise.all(ports.map((port) => ask(`http://${host}:${port}/`)));
        return host;
      } catch (error) {
        cause = error;
      }
    }
    await sleep(PAUSE_MS);
  } while (performance.now() < untilMs);
  const places = candidates.flatMap((host) => ports.map((port) => `${host}:${port}`)).join(", ");
  const message = "Cannot start the local servers: the container runs, but nothing answers at " +
    `${places}; set TESTCONTAINERS_HOST_OVERRIDE to the host that its ports are published on`;
  throw new LocalKinesisError("StartFailed", message, { cause });
}

async function ask(url: string): Promise<void> {
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
  });
  await answer.arrayBuffer();
}
