/**
 * Makes the machine that Kinsumer runs on from what Node has beyond the web's standards.
 *
 * @module
 */

import { type Runtime, systemRuntime } from "../runtime.ts";
import { createNodeFetch } from "./fetch.ts";
import { createNodeSigner } from "./signing.ts";

/** What there is to choose. */
export interface NodeRuntimeOptions {
  /**
   * How many connections may be open at once to one endpoint: 1 to 65,535. A read takes one for as
   * long as it lasts; more wait their turn. @default {1024}
   */
  readonly maxSockets?: number | undefined;
}

const DEFAULT_MAX_SOCKETS = 1_024;

/**
 * The system's clock, chance and environment, with HTTP/1.1 over sockets (`node:net`, `node:tls`) for a
 * network, whose connections are kept and used again, and `node:crypto` for signatures. What patches
 * `node:http` or `fetch` to watch or to mock requests does not see these.
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
  const { maxSockets = DEFAULT_MAX_SOCKETS } = options;
  if (!Number.isInteger(maxSockets) || maxSockets < 1 || maxSockets > 65_535) {
    throw new RangeError(
      `Cannot make a runtime: maxSockets must be a whole number from 1 to 65535, got ${maxSockets}`,
    );
  }
  const fetch = createNodeFetch(maxSockets);
  return { ...systemRuntime(), fetch, createSigner: createNodeSigner };
}
