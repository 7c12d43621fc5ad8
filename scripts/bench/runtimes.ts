/**
 * The runtimes by name.
 *
 * @module
 */

/** A runtime that is measured. */
export type RuntimeName = "node" | "deno" | "bun";
