// The contract: a local Kinesis in a container does what every backend does, ends with the process
// that started it, however that ends, and is taken up again where it was asked to stay.
//
// Needs a container engine, and is run by `npm run containers`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { baseImageName } from "./base_image.ts";
import { containersWith, removeContainers } from "./engine.ts";
import { currentRuntime, scriptArgs } from "../runtimes.mjs";
import { eventually } from "../../testing/collect.ts";
import { assertNoGrowth, watchRounds } from "../../testing/rounds.ts";
import { startLocalKinesis } from "../../testing/local_kinesis.ts";
import { describeBackend } from "../../testing/backends/behaviour.ts";
import { findEngine } from "../../testing/backends/engine.ts";
import { LABEL } from "../../testing/backends/image.ts";

describeBackend("container");

const LIMIT = { timeout: 120_000 };
/** What a round leaves shows on Node alone; on the others a few show that no container is left. */
const ROUNDS = currentRuntime() === "node" ? 100 : 10;

async function place(): Promise<string> {
  const found = await findEngine();
  assert.ok(found, "an engine answers");
  return found;
}

async function containers(label = LABEL): Promise<readonly string[]> {
  return await containersWith(await place(), label);
}

describe("a local Kinesis in a container", () => {
  it("is what auto chooses where an engine answers", LIMIT, async () => {
    const local = await startLocalKinesis();
    await local.stop();
    assert.equal(local.backend, "container");
    assert.match(local.why, /^an engine answers at /);
  });

  it("is there while it runs, and gone once it is stopped", LIMIT, async () => {
    const local = await startLocalKinesis({ backend: "container" });
    assert.equal((await containers()).length, 1);
    await local.stop();
    assert.deepEqual(await containers(), []);
  });

  it("is gone when the process that started it is killed", LIMIT, async () => {
    const program = fileURLToPath(
      new URL("../../testing/fixtures/container_main.ts", import.meta.url),
    );
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(
      process.execPath,
      scriptArgs(currentRuntime(), program),
      { env },
    );
    let output = "";
    child.stdout.on("data", (chunk) => output += String(chunk));
    child.stderr.on("data", (chunk) => output += String(chunk));
    await eventually("it runs", () => output.includes("127.0.0.1:"), 60_000);
    assert.equal((await containers()).length, 1, output);
    child.kill("SIGKILL");
    await eventually(
      "the container is gone",
      async () => (await containers()).length === 0,
    );
  });

  it("stays for the next run where it is asked to", LIMIT, async () => {
    const options = { backend: "container", reuse: true } as const;
    const first = await startLocalKinesis(options);
    const streamName = await first.createStream();
    await first.stop();
    const second = await startLocalKinesis(options);
    try {
      assert.equal((await second.shards(streamName)).length, 1);
      assert.equal((await containers()).length, 1);
    } finally {
      await second.stop();
      await removeContainers(await place(), LABEL);
    }
  });

  it("says when an image is not one that gets ready", LIMIT, async () => {
    const starting = startLocalKinesis({
      backend: "container",
      image: baseImageName(),
    });
    await assert.rejects(starting, {
      code: "StartFailed",
      message: /did not get ready/,
    });
    await eventually(
      "its container is gone",
      async () => (await containers()).length === 0,
    );
  });

  it("says when an image is not there", LIMIT, async () => {
    const image = "kinsumer-has-no-such-image:1";
    const starting = startLocalKinesis({ backend: "container", image });
    await assert.rejects(starting, {
      code: "ImageUnavailable",
      message: /no-such-image:1/,
    });
  });

  it("leaves nothing after many rounds", { timeout: 400_000 }, async () => {
    const growth = await watchRounds(async () => {
      const local = await startLocalKinesis({ backend: "container" });
      await local.stop();
    }, ROUNDS);
    const { end, half } = growth.heapBytes;
    process.stderr.write(`${growth.rounds} rounds of a container, ${end - half} bytes more\n`);
    assert.deepEqual(await containers(), []);
    assert.deepEqual(await containers("org.testcontainers"), []);
    assertNoGrowth(growth, { maxBytesPerRound: 40_000 }); // with what testcontainers keeps
  });
});
