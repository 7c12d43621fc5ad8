// The contract: a local Kinesis on embedded servers does what every backend does, says what is wrong
// with what it is given, waits for records with a deadline, and leaves nothing behind.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import process from "node:process";
import { Kinsumer } from "../src/kinsumer.ts";
import type { KinsumerRecord } from "../src/model.ts";
import { systemRuntime } from "../src/runtime.ts";
import { describeBackend } from "./backends/behaviour.ts";
import { installCommand, loadPackage, PACKAGES } from "./backends/packages.ts";
import { type LocalKinesisError, systemCodeOf } from "./local_error.ts";
import { startLocalKinesis } from "./local_kinesis.ts";
import type { LocalKinesis } from "./local_model.ts";
import { assertNoGrowth, canWatch, watchRounds } from "./rounds.ts";
import { type LocalKinesisOptions, resolveLocalOptions } from "./local_options.ts";
import type { LocalRecord } from "./local_records.ts";

describeBackend("embedded");

const LIMIT = { timeout: 30_000 };
/** The other runtimes cannot tell what is open. */
const ROUNDS = canWatch() ? 100 : 10;

async function withLocal(
  use: (local: LocalKinesis) => Promise<void>,
  options: LocalKinesisOptions = {},
): Promise<void> {
  const local = await startLocalKinesis({ backend: "embedded", ...options });
  try {
    await use(local);
  } finally {
    await local.stop();
  }
}

function clientOf(local: LocalKinesis, streamName: string): Kinsumer {
  return new Kinsumer({ streamName, applicationName: streamName, ...local.clientOptions() });
}

describe("the options of startLocalKinesis()", () => {
  const resolve = (options: object, env: Record<string, string> = {}) =>
    resolveLocalOptions(options as LocalKinesisOptions, (name) => env[name]);

  it("are refused by name, value and what is allowed", () => {
    const cases: [object, ErrorConstructor, RegExp][] = [
      [{ backend: "docker" }, RangeError, /backend must be one of "embedded".*got "docker"/],
      [{ backend: 1 }, TypeError, /backend must be one of .*got number/],
      [{ kinesisPort: 65_536 }, RangeError, /kinesisPort must be .*0 to 65535, got 65536/],
      [{ dynamodbPort: "80" }, TypeError, /dynamodbPort must be a whole number/],
      [{ kinesisPort: 80, dynamodbPort: 80 }, RangeError, /both 80/],
      [{ faults: 1 }, TypeError, /faults must be a boolean, got number/],
      [{ image: 1 }, TypeError, /image must be a string/],
      [{ log: "x" }, TypeError, /log must be a function/],
      [{ port: 1 }, TypeError, /port is not one of backend, kinesisPort/],
    ];
    for (const [options, type, message] of cases) {
      assert.throws(() => resolve(options), (error: Error) => {
        assert.ok(error instanceof type, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    }
    assert.equal(resolve({ kinesisPort: 65_535 }).kinesisPort, 65_535);
  });

  it("let the environment choose in place of auto, and only then", () => {
    const env = { KINSUMER_LOCAL_BACKEND: "kinesis-mock" };
    assert.equal(resolve({}, env).backend, "kinesis-mock");
    assert.equal(resolve({ backend: "auto" }, env).isNamedByEnvironment, true);
    assert.equal(resolve({ backend: "embedded" }, env).backend, "embedded");
    assert.equal(resolve({}, { KINSUMER_LOCAL_BACKEND: "" }).backend, "auto");
    const wrong = { KINSUMER_LOCAL_BACKEND: "docker" };
    assert.throws(() => resolve({}, wrong), /KINSUMER_LOCAL_BACKEND must be one of/);
  });
});

describe("a package that is not there", () => {
  it("is named with the command that installs it", LIMIT, async () => {
    assert.equal(installCommand("dynalite", "node"), "npm install --save-dev dynalite@4.0.0");
    assert.equal(installCommand("dynalite", "bun"), "bun add --dev dynalite@4.0.0");
    assert.equal(installCommand("dynalite", "deno"), "deno add --dev npm:dynalite@4.0.0");
    // @ts-ignore: there is no such package
    const load = () => import("kinsumer-has-no-such-package");
    await assert.rejects(loadPackage("testcontainers", load), (error: LocalKinesisError) => {
      assert.equal(error.code, "PackageMissing");
      assert.ok(error.message.includes(installCommand("testcontainers")), error.message);
      return true;
    });
  });

  it("differs from one that does not load", LIMIT, async () => {
    const load = () => Promise.reject(new TypeError("not on this runtime"));
    await assert.rejects(loadPackage("testcontainers", load), { code: "PackageUnusable" });
  });

  it("has the version that this project tests", async () => {
    const { readFile } = await import("node:fs/promises");
    const read = async (path: string) =>
      JSON.parse(await readFile(new URL(path, import.meta.url), "utf8"));
    const [root, backends] = [await read("../package.json"), await read("backends/package.json")];
    const installed = { ...root.devDependencies, ...backends.devDependencies };
    for (const [name, version] of Object.entries(PACKAGES)) {
      assert.equal(installed[name], version, name);
      assert.equal(root.peerDependencies[name], `^${version}`, name);
      assert.deepEqual(root.peerDependenciesMeta[name], { optional: true }, name);
    }
  });
});

describe("the backend container without an engine", () => {
  it("says so, and auto takes the embedded servers and says why", LIMIT, async () => {
    const { DOCKER_HOST: before } = process.env;
    process.env["DOCKER_HOST"] = "unix:///nowhere/docker.sock";
    try {
      await assert.rejects(startLocalKinesis({ backend: "container" }), {
        name: "LocalKinesisError",
        code: "EngineAbsent",
        message: /DOCKER_HOST/,
      });
      const lines: string[] = [];
      const log = (line: string): void => void lines.push(line);
      if (systemRuntime().env("KINSUMER_LOCAL_BACKEND")) return;
      const local = await startLocalKinesis({ log });
      await local.stop();
      assert.equal(local.backend, "embedded");
      assert.equal(local.why, "no container engine answers");
      assert.deepEqual(lines, [`Local Kinesis: embedded, because ${local.why}`]);
    } finally {
      if (before === undefined) delete process.env["DOCKER_HOST"];
      else process.env["DOCKER_HOST"] = before;
    }
  });
});

describe("putRecords()", () => {
  it("splits what is too much for one call", LIMIT, async () => {
    const { splitIntoCalls } = await import("./stream_calls.ts");
    const mebibyte = new Uint8Array(1_048_575); // with its key: one mebibyte
    const sizes = (count: number, data: string | Uint8Array) =>
      splitIntoCalls(Array.from({ length: count }, () => ({ data, partitionKey: "k" })))
        .map((call) => call.length);
    assert.deepEqual(sizes(1_001, "x"), [500, 500, 1]);
    assert.deepEqual(sizes(11, mebibyte), [5, 5, 1]);
    assert.deepEqual(sizes(2, new Uint8Array(6_000_000)), [1, 1]);
    assert.deepEqual(sizes(0, "x"), []);
    await withLocal(async (local) => {
      const streamName = await local.createStream();
      const large = Array.from({ length: 12 }, () => new Uint8Array(900_000));
      assert.equal((await local.putRecords(streamName, large)).length, 12);
    });
  });

  it("refuses what is no record, and says which", LIMIT, async () => {
    await withLocal(async (local) => {
      const streamName = await local.createStream();
      const put = (...records: unknown[]) => local.putRecords(streamName, records as LocalRecord[]);
      await assert.rejects(put("a", undefined), { name: "TypeError", message: /record 1/ });
      await assert.rejects(put(() => {}), { name: "TypeError", message: /got function/ });
      await assert.rejects(put({ data: 1, total: 2 }), { name: "TypeError", message: /"total"/ });
      const both = { data: 1, shardId: "s", explicitHashKey: "0" };
      await assert.rejects(put(both), { name: "TypeError", message: /both/ });
      const one = local.putRecords(streamName, "text" as unknown as LocalRecord[]);
      await assert.rejects(one, { name: "TypeError", message: /iterable/ });
      assert.deepEqual(await put(), []);
    });
  });

  it("puts again what the service refused, once each", LIMIT, async () => {
    const { splitIntoCalls, putAll } = await import("./stream_calls.ts");
    const { clock } = systemRuntime();
    const records = splitIntoCalls(
      [1, 2, 3].map((n) => ({ data: `${n}`, partitionKey: `${n}` })),
    )[0]!;
    const asked: number[] = [];
    const ask = (_: string, input: unknown) => {
      const { Records } = input as { Records: readonly { PartitionKey: string }[] };
      asked.push(Records.length);
      const answer = Records.map(({ PartitionKey }, index) =>
        index === 0 ? { ShardId: "s", SequenceNumber: PartitionKey } : {}
      );
      return Promise.resolve({ Records: answer });
    };
    const put = await putAll(records, { ask, streamName: "orders", clock });
    assert.deepEqual(put.map((each) => each.sequenceNumber), ["1", "2", "3"]);
    assert.deepEqual(asked, [3, 2, 1]);
  });
});

describe("consumeAll()", () => {
  it("tells in time what came and what the client owned", LIMIT, async () => {
    await withLocal(async (local) => {
      const streamName = await local.createStream();
      await local.putRecords(streamName, ["one"]);
      const kinsumer = clientOf(local, streamName);
      await assert.rejects(local.consumeAll(kinsumer, { until: 2, timeoutMs: 2_000 }), {
        name: "LocalKinesisError",
        code: "ConsumeTimeout",
        message: `Cannot consume 2 records within 2000 ms: 1 came (1 of shardId-000000000000); ` +
          `client "${kinsumer.clientId}" owned shardId-000000000000`,
      });
      await assert.rejects(kinsumer.run(), { code: "AlreadyRunning" }); // it is stopped
      const stopped = local.consumeAll(kinsumer, { until: 1 });
      await assert.rejects(stopped, {
        code: "ConsumeTimeout",
        message: /before the consumer stopped/,
      });
    });
  });

  it("takes exactly as many as it is told to, and leaves the rest", LIMIT, async () => {
    await withLocal(async (local) => {
      const streamName = await local.createStream();
      await local.putRecords(streamName, ["a", "b", "c"]);
      const first = await local.consumeAll(clientOf(local, streamName), { until: 2 });
      const rest = await local.consumeAll(clientOf(local, streamName), { until: 1 });
      const texts = [...first, ...rest].map((record) => record.text());
      assert.deepEqual(texts, ["a", "b", "c"]);
    });
  });

  it("leaves a client running that ran, and hands on what a condition throws", LIMIT, async () => {
    await withLocal(async (local) => {
      const streamName = await local.createStream();
      await local.putRecords(streamName, ["a", "b"]);
      const kinsumer = clientOf(local, streamName);
      await kinsumer.createRequiredTables();
      await kinsumer.run();
      const until = (records: readonly unknown[]): boolean => {
        if (records.length < 2) return false;
        throw new SyntaxError("mine");
      };
      await assert.rejects(local.consumeAll(kinsumer, { until }), { message: "mine" });
      const rest = await local.consumeAll(kinsumer, { until: 1 });
      assert.equal(rest[0]?.text(), "b", "the record of the failure was not processed");
      await kinsumer.stop();
    });
  });

  it("hands each record to a handler, and on what that throws", LIMIT, async () => {
    await withLocal(async (local) => {
      const streamName = await local.createStream();
      await local.putRecords(streamName, ["a", "b"]);
      const seen: string[] = [];
      const handler = async (record: KinsumerRecord): Promise<void> => {
        await Promise.resolve();
        if (record.text() === "b") throw new SyntaxError("mine");
        seen.push(record.text());
      };
      const consumed = local.consumeAll(clientOf(local, streamName), { until: 2, handler });
      await assert.rejects(consumed, { message: "mine" });
      assert.deepEqual(seen, ["a"]);
      const [left] = await local.consumeAll(clientOf(local, streamName), { until: 1 });
      assert.equal(left?.text(), "b");
    });
  });

  it("refuses what it could never see", LIMIT, async () => {
    await withLocal(async (local) => {
      const kinsumer = clientOf(local, "orders");
      await assert.rejects(local.consumeAll(kinsumer, { until: 0 }), RangeError);
      await assert.rejects(local.consumeAll(kinsumer, { until: 1, timeoutMs: 0 }), RangeError);
      const text = "2" as unknown as number;
      await assert.rejects(local.consumeAll(kinsumer, { until: text }), TypeError);
    });
  });
});

describe("a local Kinesis, again and again", () => {
  it("leaves no socket, timer or memory behind", { timeout: 120_000 }, async () => {
    let ports = {};
    const growth = await watchRounds(async () => {
      // Node's fetch remembers for ever each port that it has spoken to: some 20 KB each.
      const local = await startAt(ports);
      ports = {
        kinesisPort: Number(new URL(local.kinesisEndpoint).port),
        dynamodbPort: Number(new URL(local.dynamodbEndpoint).port),
      };
      const streamName = await local.createStream();
      await local.putRecords(streamName, ["one"]);
      await local.stop();
      await withLocal(({ faults }) =>
        Promise.resolve(faults.hang({ operation: "ListStreams" }).remove())
      );
    }, ROUNDS);
    assert.equal(growth.rounds, ROUNDS);
    assertNoGrowth(growth); // on Node; the others cannot tell
  });
});

async function startAt(ports: LocalKinesisOptions): Promise<LocalKinesis> {
  const options = { backend: "embedded", faults: false } as const;
  try {
    return await startLocalKinesis({ ...options, ...ports });
  } catch (error) {
    if (systemCodeOf(error) !== "PortTaken") throw error;
    return await startLocalKinesis(options); // somebody else was given it meanwhile
  }
}
