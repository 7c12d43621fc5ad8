/**
 * Makes what several Kinsumers of one process share: one budget of bytes, and one source of
 * credentials.
 *
 * @module
 */

import {
  createCredentialsSource,
  type Credentials,
  type CredentialsProvider,
  type CredentialsSource,
} from "./aws/credentials.ts";
import { ByteBudget } from "./loops/byte_budget.ts";
import type { SharedResources } from "./options.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";

/** What several Kinsumers share. */
export interface ShareOptions {
  /**
   * How many bytes of records may wait or be in your hands, over all shards of all of them: 1 MiB to
   * 4 GiB. Each may exceed it by one read, so that none is starved by a slow one.
   * @default {67108864} (64 MiB)
   */
  readonly maxBufferedBytes?: number | undefined;
  /**
   * Static credentials, or a function that returns some: asked once for all of them.
   * @default the environment's `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`
   */
  readonly credentials?: Credentials | CredentialsProvider | undefined;
  /** Time and environment for the credentials. @default the runtime's own */
  readonly runtime?: Runtime | undefined;
}

const MIB = 1_048_576;
const DEFAULT_BYTES = 64 * MIB;

interface Resources {
  readonly budget: ByteBudget;
  readonly credentials: CredentialsSource;
}

const RESOURCES = new WeakMap<SharedResources, Resources>();

/**
 * Makes what several Kinsumers of one process share; give it to each as the option `shared`.
 * Connections are shared anyway: they are those of the runtime's `fetch`.
 *
 * @example Two streams, one budget
 * ```ts
 * import { createShared, Kinsumer } from "@kinsumer/kinsumer";
 *
 * const shared = createShared({ maxBufferedBytes: 256 * 1024 * 1024 });
 * const orders = new Kinsumer({ streamName: "orders", applicationName: "billing", shared });
 * const clicks = new Kinsumer({ streamName: "clicks", applicationName: "counting", shared });
 * await Promise.all([orders.run(), clicks.run()]);
 * ```
 *
 * @throws {TypeError} when an option has the wrong type
 * @throws {RangeError} when the budget is not allowed
 */
export function createShared(options: ShareOptions = {}): SharedResources {
  const { maxBufferedBytes = DEFAULT_BYTES, credentials, runtime = systemRuntime() } = options;
  const problem = `Cannot share: maxBufferedBytes must be a whole number from ${MIB} to ` +
    `${4096 * MIB}, got ${String(maxBufferedBytes)}`;
  if (typeof maxBufferedBytes !== "number") throw new TypeError(problem);
  const isAllowed = Number.isInteger(maxBufferedBytes) && maxBufferedBytes >= MIB &&
    maxBufferedBytes <= 4096 * MIB;
  if (!isAllowed) throw new RangeError(problem);
  const budget = new ByteBudget(maxBufferedBytes);
  const shared: SharedResources = Object.freeze({
    maxBufferedBytes,
    get heldBytes() {
      return budget.heldBytes;
    },
  });
  RESOURCES.set(shared, { budget, credentials: createCredentialsSource({ credentials, runtime }) });
  return shared;
}

/**
 * What is behind a shared object.
 *
 * @throws {TypeError} when it was not made by {@linkcode createShared}
 */
export function resourcesOf(shared: SharedResources | undefined): Resources | undefined {
  if (shared === undefined) return undefined;
  const resources = RESOURCES.get(shared);
  if (resources !== undefined) return resources;
  throw new TypeError("Cannot create a Kinsumer: shared must be made by createShared()");
}
