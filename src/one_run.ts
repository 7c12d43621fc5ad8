/**
 * Lets one run join the fleet otherwise than a client that stays: whoever makes the options of a
 * Kinsumer may say so beside them.
 *
 * @module
 */

import type { KinsumerError } from "./errors.ts";
import type { LoopContext } from "./loops/context.ts";
import type { Membership } from "./loops/membership.ts";
import type { KinsumerOptions } from "./options.ts";

/** Makes a client's membership. */
export type MembershipFactory = (
  context: LoopContext,
  onFatal: (error: KinsumerError) => void,
) => Membership;

/** How the Kinsumer that is made of these options joins; absent: for good. Not for users. */
export const MEMBERSHIPS: WeakMap<KinsumerOptions, MembershipFactory> = new WeakMap();
