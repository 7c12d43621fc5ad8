/**
 * What a strict compiler says of the examples, each with the types of its own runtime. Deno checks
 * its example itself.
 *
 * @module
 */

import { runtimePath, toolPath } from "../../runtimes.mjs";
import type { Scene } from "./scene.ts";

const FILES: Readonly<Record<string, readonly string[]>> = {
  node: [
    "aws_lambda/handler.ts",
    "aws_sdk/consumer.ts",
    "aws_sdk/try_locally.ts",
    "node_service/service.ts",
  ],
  bun: ["bun_worker/service.ts", "bun_worker/score.ts"],
  "@cloudflare/workers-types": ["cloudflare_worker/src/index.ts"],
};

const OPTIONS = [
  "--noEmit",
  "--strict",
  "--skipLibCheck",
  "--erasableSyntaxOnly",
  "--exactOptionalPropertyTypes",
  "--noUnusedLocals",
  "--noUncheckedIndexedAccess",
  "--allowImportingTsExtensions",
  "--target",
  "es2022",
  "--module",
  "nodenext",
];

/** Proves that the examples compile; returns how many programs there were. */
export async function proveTypes(scene: Scene): Promise<string> {
  const tsc = toolPath("typescript", "bin/tsc");
  const checks = Object.entries(FILES).map(async ([types, files]) => {
    const lib = types === "node" ? "es2023,dom,esnext.disposable" : "es2023,esnext.disposable";
    const args = [...OPTIONS, "--lib", lib, "--types", types, ...files];
    await scene.start([runtimePath("node"), tsc, ...args]).success();
  });
  await Promise.all(checks);
  return `${Object.values(FILES).flat().length} programs`;
}
