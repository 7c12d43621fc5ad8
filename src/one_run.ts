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

/** Asks whether one more request may be made, and counts it. Throws when it may not. */
export type RequestGate = (request: { readonly isRead: boolean }) => void;

/**
 * Who is told the gate of the run that is made of these options. Ports that are no network, such as
 * those of a simulated world, ask it before each request. Not for users.
 */
export const REQUEST_GATES: WeakMap<KinsumerOptions, (gate: RequestGate) => void> = new WeakMap();
