// The contract: without an engine, `npm run containers` says loudly that it checked nothing, and what
// it did not check; where DOCKER_HOST names one that does not answer, it starts no other.

import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { runChild } from "../child.mjs";
import { currentRuntime, scriptArgs } from "../runtimes.mjs";

const NOWHERE = "tcp://127.0.0.1:1";

async function run(
  name: string,
): Promise<{ readonly code: number; readonly output: string }> {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const env = { ...inherited, DOCKER_HOST: NOWHERE };
  const args = scriptArgs(currentRuntime(), program);
  return await runChild(process.execPath, args, {
    env,
    isQuiet: true,
    timeoutMs: 60_000,
  });
}

describe("npm run containers", () => {
  it("says loudly that it is skipped where no engine can be had", {
    timeout: 90_000,
  }, async () => {
    const { code, output } = await run("main.ts");
    assert.equal(code, 0, output);
    assert.match(
      output,
      /^SKIPPED the container ring on .*: DOCKER_HOST names "tcp:\/\/127\.0\.0\.1:1", and no engine/m,
    );
    assert.match(output, /^Not checked: the backend container .*$/m);
    assert.match(output, /^0 passed, 0 failed, 1 skipped\n$/m);
  });
});
