// The contract: an engine that answers and cannot do what is needed is told by its code; and where
// nobody insisted on a container, the embedded servers start in its place, and say why.

import assert from "node:assert/strict";
import process from "node:process";
import { after, before, beforeEach, describe, it } from "node:test";
import { startLocalKinesis } from "../local_kinesis.ts";
import { BUILD_FAILURE, type EngineDouble, startEngineDouble } from "./engine_double.ts";

const LIMIT = { timeout: 60_000 };

describe("startLocalKinesis() beside an engine that can do nothing", () => {
  const earlier = process.env["DOCKER_HOST"];
  let engine: EngineDouble;

  before(async () => {
    engine = await startEngineDouble();
    process.env["DOCKER_HOST"] = engine.place;
  }, LIMIT);

  beforeEach(() => {
    engine.hasImages = false;
    engine.asked.length = 0;
  });

  after(async () => {
    if (earlier === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = earlier;
    await engine.stop();
  }, LIMIT);

  it(
    "says ImageUnavailable, and the engine's words, when the build fails",
    LIMIT,
    async () => {
      await assert.rejects(startLocalKinesis({ backend: "container" }), {
        name: "LocalKinesisError",
        code: "ImageUnavailable",
        message:
          /^Cannot start the local servers: the image "kinsumer-local:\w+" cannot be built: /,
      });
      assert.ok(engine.asked.includes("POST /build"), engine.asked.join());
    },
  );

  // testcontainers remembers which images there are: first those that are not.
  it(
    "falls back to the embedded servers where nobody insisted, and says why",
    LIMIT,
    async () => {
      for (const hasImages of [false, true]) {
        engine.hasImages = hasImages;
        const lines: string[] = [];
        const local = await startLocalKinesis({
          log: (line) => lines.push(line),
        });
        try {
          assert.equal(local.backend, "embedded");
          const why = hasImages ? "did not get ready" : BUILD_FAILURE;
          assert.ok(
            local.why.startsWith(`an engine answers at ${engine.place}, but: `),
            local.why,
          );
          assert.ok(local.why.includes(why), local.why);
          assert.deepEqual(lines, [
            `Local Kinesis: embedded, because ${local.why}`,
          ]);
          await local.createStream();
        } finally {
          await local.stop();
        }
      }
    },
  );

  it("says StartFailed when the container cannot be made", LIMIT, async () => {
    engine.hasImages = true;
    await assert.rejects(startLocalKinesis({ backend: "container" }), {
      name: "LocalKinesisError",
      code: "StartFailed",
      message: /^Cannot start the local servers: the container of "kinsumer-local:\w+" did not/,
    });
  });
});
