// The contract: a local Kinesis on kinesis-mock does what every backend does, and its process ends
// with it, and with the process that started it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { currentRuntime, scriptArgs } from "../scripts/runtimes.mjs";
import { eventually } from "./collect.ts";
import { describeBackend } from "./backends/behaviour.ts";
import { startLocalKinesis } from "./local_kinesis.ts";
import { assertNoGrowth, canWatch, watchRounds } from "./rounds.ts";

describeBackend("kinesis-mock");

describe("kinesis-mock's process", () => {
  it("ends when the one that started it is killed", { timeout: 60_000 }, async () => {
    const program = fileURLToPath(new URL("fixtures/kinesis_mock_main.ts", import.meta.url));
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, scriptArgs(currentRuntime(), program), { env });
    let output = "";
    child.stdout.on("data", (chunk) => output += String(chunk));
    child.stderr.on("data", (chunk) => output += String(chunk));
    const port = await eventually(
      "it listens",
      () => Number(/127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? 0),
      30_000,
    );
    assert.equal(await isListening(port), true, output);
    child.kill("SIGKILL");
    await eventually("the port is closed", async () => !await isListening(port));
  });
});

describe("kinesis-mock, again and again", () => {
  it("leaves no process, socket, timer or memory behind", { timeout: 120_000 }, async () => {
    const growth = await watchRounds(async () => {
      const local = await startLocalKinesis({ backend: "kinesis-mock" });
      await local.stop();
    }, canWatch() ? 25 : 2);
    assertNoGrowth(growth); // on Node; the others cannot tell
  });
});

describe("startLocalKinesis()", () => {
  it("says when kinesis-mock does not come up", { timeout: 60_000 }, async () => {
    process.env["KINESIS_MOCK_TLS_PORT"] = "none";
    try {
      const starting = startLocalKinesis({ backend: "kinesis-mock" });
      await assert.rejects(starting, { name: "LocalKinesisError", code: "StartFailed" });
    } finally {
      delete process.env["KINESIS_MOCK_TLS_PORT"];
    }
  });
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
