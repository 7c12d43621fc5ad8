/**
 * How long a local Kinesis takes to start and stop, backend by backend: `npm run local-bench`. Where
 * no engine can be had, it says so, and measures the others.
 *
 * @module
 */

import process from "node:process";
import { provideBaseImage } from "./base_image.ts";
import { openEngine } from "./engine.ts";
import { reportTimes } from "./report_times.ts";

/** @returns the exit code */
async function main(): Promise<number> {
  const engine = await openEngine();
  if ("why" in engine) {
    process.stdout.write(`SKIPPED the backend container: ${engine.why}.\n`);
    return exitCode(await reportTimes(["embedded", "kinesis-mock"]), 1);
  }
  try {
    process.env["DOCKER_HOST"] = engine.place;
    if (engine.isOwn) provideBaseImage(engine.docker);
    return exitCode(
      await reportTimes(["embedded", "kinesis-mock", "container"]),
      0,
    );
  } finally {
    await engine.stop();
  }
}

function exitCode(
  { passed, failed }: { readonly passed: number; readonly failed: number },
  skipped: number,
): number {
  const left = skipped > 0 ? `, ${skipped} skipped` : "";
  process.stdout.write(`${passed} passed, ${failed} failed${left}\n`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
