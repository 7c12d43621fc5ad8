/**
 * Lists the recipes: small tests of somebody's handler, as docs/testing-recipes.md shows them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Recipe
 * @property {string} file
 * @property {readonly import("../runtimes.mjs").RuntimeName[]} runtimes where it runs
 * @property {boolean} [isVitest] not by the runtime's own runner
 */

/** Where they are. */
export const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** @type {readonly Recipe[]} */
export const RECIPES = [
  { file: "node.test.ts", runtimes: ["node", "deno", "bun"] },
  { file: "vitest.test.ts", runtimes: ["node"], isVitest: true },
  { file: "deno.test.ts", runtimes: ["deno"] },
  { file: "bun.test.ts", runtimes: ["bun"] },
  { file: "aws_sdk.test.ts", runtimes: ["node", "deno", "bun"] },
  { file: "opentelemetry.test.ts", runtimes: ["node", "deno", "bun"] },
];

/** What the documents show. */
export const SOURCES = ["orders.ts", ...RECIPES.map(({ file }) => file)];
