/**
 * Makes the machine that Kinsumer runs on from what Node has beyond the web's standards.
 *
 * @module
 */

import { type Runtime, systemRuntime } from "../runtime.ts";
import { createNodeFetch } from "./fetch.ts";
import { ensureHeap } from "./heap_ballast.ts";
import { createNodeSigner } from "./signing.ts";

/** What there is to choose. */
export interface NodeRuntimeOptions {
  /**
   * How many connections may be open at once to one endpoint: 1 to 65,535. A read takes one for as
   * long as it lasts; more wait their turn. @default {1024}
   */
  readonly maxSockets?: number | undefined;
  /**
   * How large the process's heap is at least, in bytes: what is missing when the runtime is made is
   * filled with a text of no use, once for the process. V8 collects the whole heap the more often the
   * smaller it is beside the answers that are read: a third of the CPU of a small consumer may go
   * there, which 25,165,824 (24 MiB) spares. At most 268,435,456. @default {0}, none
   */
  readonly minHeapBytes?: number | undefined;
}

const DEFAULT_MAX_SOCKETS = 1_024;
const MAX_HEAP_BYTES = 268_435_456;

/**
 * The system's clock, chance and environment, with HTTP/1.1 over sockets (`node:net`, `node:tls`) for a
 * network, whose connections are kept and used again, and `node:crypto` for signatures. What patches
 * `node:http` or `fetch` to watch or to mock requests does not see these, and `HTTPS_PROXY` is not heeded.
 *
 * @throws {RangeError} when an option's value is not allowed
 *
 * @example
 * ```ts
 * import { Kinsumer } from "@kinsumer/kinsumer";
 * import { nodeRuntime } from "@kinsumer/kinsumer/node";
 *
 * const kinsumer = new Kinsumer({
 *   streamName: "orders",
 *   applicationName: "billing",
 *   runtime: nodeRuntime(),
 * });
 * ```
 */
export function nodeRuntime(options: NodeRuntimeOptions = {}): Runtime {
  const { maxSockets = DEFAULT_MAX_SOCKETS, minHeapBytes = 0 } = options;
  assertWithin("maxSockets", maxSockets, { min: 1, max: 65_535 });
  assertWithin("minHeapBytes", minHeapBytes, { min: 0, max: MAX_HEAP_BYTES });
  ensureHeap(minHeapBytes);
  const fetch = createNodeFetch(maxSockets);
  return { ...systemRuntime(), fetch, createSigner: createNodeSigner };
}

function assertWithin(
  name: keyof NodeRuntimeOptions,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `Cannot make a runtime: ${name} must be a whole number from ${min} to ${max}, got ${value}`,
  );
}
