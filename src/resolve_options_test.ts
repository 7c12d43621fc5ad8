/**
 * Contract: options are checked once, all problems in one error. A wrong type is a `TypeError`, a
 * value that is not allowed a `RangeError`; the message names the option, what is allowed and what
 * was given, but never a credential. Behind it every default is filled in.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinsumerOptions } from "./options.ts";
import { resolveOptions } from "./resolve_options.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";

const NOW_MS = Date.UTC(2030, 0, 1);
const REQUIRED = { streamName: "orders", applicationName: "billing" };

function runtime(env: Readonly<Record<string, string>> = { AWS_REGION: "eu-west-1" }): Runtime {
  const { random, clock } = systemRuntime();
  return {
    clock: { ...clock, nowMs: () => NOW_MS },
    random,
    fetch: () => Promise.reject(new Error("a request was sent")),
    env: (name) => env[name],
  };
}

function resolve(options: Readonly<Record<string, unknown>> = {}) {
  return resolveOptions({ runtime: runtime(), ...REQUIRED, ...options } as KinsumerOptions);
}

/** What is thrown for an option, and what its message says. */
function refusal(options: Readonly<Record<string, unknown>>): Error {
  try {
    resolve(options);
  } catch (error) {
    return error as Error;
  }
  assert.fail("nothing was thrown");
}

/** By number option: its range, its default, and options that it depends on. */
const NUMBERS: Readonly<Record<string, readonly [min: number, max: number, fallback: number]>> = {
  throttleDelayMs: [200, 60_000, 250],
  commitIntervalMs: [10, 600_000, 5_000],
  idleDelayMs: [200, 60_000, 1_000],
  shardCheckIntervalMs: [50, 600_000, 1_500],
  leaderActionIntervalMs: [1_500, 3_600_000, 6_000],
  clientRecordMaxAgeMs: [4_500, 3_600_000, 7_500],
  drainTimeoutMs: [0, 3_600_000, 30_000],
  bufferSize: [1, 1_000_000, 20_000],
  maxBufferedBytes: [1_048_576, 4_294_967_296, 67_108_864],
  readLimit: [1, 10_000, 10_000],
  requestTimeoutMs: [100, 300_000, 10_000],
  tableWaiterDelayMs: [10, 60_000, 1_000],
};

/** By option: values of the wrong type. */
const WRONG_TYPES: readonly (readonly [option: string, ...values: unknown[]])[] = [
  ["streamName", 7, null, {}],
  ["applicationName", true, []],
  ["clientName", 7],
  ["clientId", 7, {}],
  ["coordination", 7, {}, { tableName: 7 }, { tableName: "abc", adopt: 1 }, {
    tableName: "abc",
    every: 1,
  }],
  ["streamArn", 7, {}],
  ["tablePrefix", 7],
  ["tableNames", 7, { clients: 7 }, { leases: "a" }],
  ["tableTags", 7, [], { team: 7 }],
  ["deletionProtection", 1, "yes"],
  ["pointInTimeRecovery", 1],
  ["region", 7],
  ["credentials", "key", 7],
  ["kinesisEndpoint", 7, new URL("http://127.0.0.1:4567")],
  ["dynamodbEndpoint", 7],
  [
    "startAt",
    7,
    true,
    { 7: "latest" },
    { "shardId-1": 7 },
    { "shardId-1": { after: 7 } },
    {
      "shardId-1": { after: "7", at: "7" },
    },
    { "shardId-1": {} },
    { others: { after: "7" } },
  ],
  ["onInvalidCheckpoint", 7, true],
  ["acknowledge", 7, true],
  ["tableCapacity", 7, { readUnits: "1", writeUnits: 1 }, { readUnits: 1 }],
  ["onEvent", 7, {}],
  ["logger", 7, { info: () => {} }],
  ["statsReceiver", "no", { checkpoint: () => {} }],
  ["kinesis", 7, { listShards: () => {} }],
  ["tables", 7, { clients: {} }, { checkpoints: 7 }, { metadata: { lead: () => {} } }],
];

/** By option: values of the right type that are not allowed, and what the message says is. */
const NOT_ALLOWED: readonly (readonly [option: string, allowed: RegExp, ...values: unknown[]])[] = [
  ["streamName", /1 to 128 letters, digits/, "", "a b", "ü", "x".repeat(129)],
  ["applicationName", /1 to 200 letters, digits/, "", "a/b", "x".repeat(201)],
  ["clientName", /1 to 256 characters/, "", "x".repeat(257)],
  ["clientId", /1 to 256 characters/, "", "x".repeat(257)],
  ["coordination", /3 to 255|1000 to 3600000/, { tableName: "ab" }, {
    tableName: "abc",
    intervalMs: 999,
  }],
  ["tablePrefix", /1 to 240 letters, digits/, "", "a b", "x".repeat(241)],
  ["tableNames", /3 to 255 letters|differ/, { clients: "ab" }, { metadata: "a b c" }, {
    clients: "same",
    metadata: "same",
  }],
  ["tableTags", /1 to 128|at most 50/, { "": "x" }, { x: "y".repeat(257) }],
  ["region", /lower-case letters/, "", "EU WEST", "eu_west"],
  ["kinesisEndpoint", /http: or https: URL/, "", "127.0.0.1:4567", "ftp://host", "http://h/path"],
  ["dynamodbEndpoint", /http: or https: URL/, "localhost", "http://h/?q=1"],
  ["startAt", /"horizon", "latest" or a Date/, "soon", new Date(NOW_MS + 1), new Date(Number.NaN)],
  [
    "startAt",
    /"horizon", "latest" or a Date|a sequence number of 1 to 128 digits/,
    { "shardId-1": "soon" },
    { "shardId-1": new Date(NOW_MS + 1) },
    { "shardId-1": { after: "LATEST" } },
    { others: "soon" },
  ],
  ["onInvalidCheckpoint", /"fail" or "horizon" or "latest"/, "", "skip"],
  ["acknowledge", /"auto" or "manual"/, "", "never"],
  ["tableCapacity", /readUnits must be a whole number from 1 to 40000/, {
    readUnits: 0,
    writeUnits: 1,
  }],
];

describe("resolveOptions()", () => {
  it("fills in every default", () => {
    const resolved = resolve() as unknown as Readonly<Record<string, unknown>>;
    for (const [option, [, , fallback]] of Object.entries(NUMBERS)) {
      assert.equal(resolved[option], fallback, option);
    }
    assert.equal(resolved["region"], "eu-west-1");
    assert.equal(resolved["kinesisEndpoint"], "https://kinesis.eu-west-1.amazonaws.com");
    assert.equal(resolved["dynamodbEndpoint"], "https://dynamodb.eu-west-1.amazonaws.com");
    assert.equal(resolved["startAt"], "horizon");
    assert.equal(resolved["onInvalidCheckpoint"], "fail");
    assert.equal(resolved["acknowledge"], "auto");
    assert.equal(resolved["clientName"], resolved["clientId"]);
    assert.deepEqual(resolved["tables"], {});
    assert.ok(Object.isFrozen(resolved));
  });

  it("takes undefined for an option that is not given", () => {
    const options = Object.fromEntries(
      [...Object.keys(NUMBERS), ...WRONG_TYPES.map(([option]) => option)]
        .filter((option) => !(option in REQUIRED)).map((option) => [option, undefined]),
    );
    assert.equal(resolve(options).throttleDelayMs, 250);
  });

  for (const [option, [min, max]] of Object.entries(NUMBERS)) {
    it(`takes ${option} from ${min} to ${max}, whole numbers only`, () => {
      for (const value of [min, max]) {
        const large = { shardCheckIntervalMs: 600_000, leaderActionIntervalMs: 600_000 };
        const others = option === "shardCheckIntervalMs" && value === max
          ? { ...large, clientRecordMaxAgeMs: 1_800_000 }
          : {};
        const resolved = resolve({ ...others, [option]: value });
        assert.equal((resolved as unknown as Record<string, unknown>)[option], value);
      }
      for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, Infinity, -Infinity]) {
        const error = refusal({ [option]: value });
        assert.ok(error instanceof RangeError, `${value}: ${error}`);
        const problem = `${option} must be a whole number from ${min} to ${max}, got ${value}`;
        assert.ok(error.message.includes(problem), `${error.message}; expected ${problem}`);
      }
      for (const value of [String(min), true, {}, [], 10n]) {
        const error = refusal({ [option]: value });
        assert.ok(error instanceof TypeError, `${value}: ${error}`);
        assert.match(error.message, new RegExp(`${option} must be .*${min} to ${max}, got `));
      }
    });
  }

  it("measures intervals that depend on one another", () => {
    const calm = resolve({ shardCheckIntervalMs: 10_000 });
    assert.equal(calm.leaderActionIntervalMs, 10_000);
    assert.equal(calm.clientRecordMaxAgeMs, 50_000);
    const impatient = refusal({ shardCheckIntervalMs: 1_000, clientRecordMaxAgeMs: 2_999 });
    assert.match(
      impatient.message,
      /clientRecordMaxAgeMs must be .* from 3000 to 3600000, got 2999/,
    );
    const hasty = refusal({ shardCheckIntervalMs: 1_000, leaderActionIntervalMs: 999 });
    assert.match(hasty.message, /leaderActionIntervalMs must be .* from 1000 to 3600000, got 999/);
  });

  for (const [option, ...values] of WRONG_TYPES) {
    it(`throws a TypeError where ${option} has the wrong type`, () => {
      for (const value of values) {
        const error = refusal({ [option]: value });
        assert.ok(error instanceof TypeError, `${String(value)}: ${error}`);
        assert.match(error.message, new RegExp(`^Cannot create a Kinsumer: ${option}\\b`));
      }
    });
  }

  for (const [option, allowed, ...values] of NOT_ALLOWED) {
    it(`throws a RangeError where ${option} is not allowed, and says what is`, () => {
      for (const value of values) {
        const error = refusal({ [option]: value });
        assert.ok(error instanceof RangeError, `${String(value)}: ${error}`);
        assert.match(error.message, new RegExp(`^Cannot create a Kinsumer: ${option}\\b`));
        assert.match(error.message, allowed);
        if (typeof value === "string") assert.ok(error.message.includes(JSON.stringify(value)));
      }
    });
  }

  it("throws a TypeError for options that are none, or lack what is required", () => {
    for (const value of [undefined, null, "orders", 7]) {
      const options = value as unknown as KinsumerOptions;
      assert.throws(() => resolveOptions(options), /^TypeError: .*options must be an object/);
    }
    const error = refusal({ streamName: undefined, applicationName: undefined });
    assert.ok(error instanceof TypeError);
    assert.match(error.message, /streamName is required/);
    assert.match(error.message, /applicationName is required/);
    assert.match(refusal({ runtime: runtime({}) }).message, /region is required.*"AWS_REGION"/);
  });

  it("throws a TypeError for an option that it does not know", () => {
    for (const name of ["colour", "id", "toString", "__proto__x"]) {
      const error = refusal({ [name]: 1 });
      assert.ok(error instanceof TypeError);
      assert.equal(error.message, `Cannot create a Kinsumer: ${name} is not an option`);
    }
  });

  it("names the options that a wrong name resembles, two at most", () => {
    const instead = {
      throttleDelay: "; throttleDelayMs is",
      clientID: "; clientId is",
      appName: "; applicationName is",
      streamNames: "; streamName is",
      stream: "; streamArn and streamName are",
      endpoint: "; kinesisEndpoint and dynamodbEndpoint are",
    };
    for (const [name, words] of Object.entries(instead)) {
      const { message } = refusal({ [name]: 1 });
      assert.equal(message, `Cannot create a Kinsumer: ${name} is not an option${words}`);
    }
  });

  it("throws a TypeError for a runtime that is none", () => {
    for (const value of [7, {}, { clock: {} }, { ...runtime(), fetch: undefined }]) {
      const error = refusal({ runtime: value });
      assert.ok(error instanceof TypeError, String(error));
      assert.match(error.message, /^Cannot create a Kinsumer:[\s-]*runtime\b/);
    }
  });

  it("reports all problems in one error, a TypeError if one of them is", () => {
    const wrong = { streamName: "a b", throttleDelayMs: 1, readLimit: 0 };
    const ranges = refusal(wrong);
    assert.ok(ranges instanceof RangeError);
    assert.equal(ranges.message.split("\n  - ").length, 4);
    const types = refusal({ ...wrong, bufferSize: "many", colour: "red" });
    assert.ok(types instanceof TypeError);
    assert.equal(types.message.split("\n  - ").length, 6);
    for (const option of [...Object.keys(wrong), "bufferSize", "colour"]) {
      assert.match(types.message, new RegExp(`  - ${option} `));
    }
  });

  it("takes a stream's ARN in place of its name, and the region from it", () => {
    const streamArn = "arn:aws:kinesis:eu-north-1:123456789012:stream/orders.v2";
    const resolved = resolve({ streamName: undefined, streamArn });
    assert.equal(resolved.streamName, "orders.v2");
    assert.equal(resolved.region, "eu-north-1");
    assert.equal(resolved.kinesisEndpoint, "https://kinesis.eu-north-1.amazonaws.com");
    const elsewhere = refusal({ streamName: undefined, streamArn, region: "eu-west-1" });
    assert.match(elsewhere.message, /region must be that of streamArn, "eu-north-1"/);
    assert.ok(refusal({ streamArn }) instanceof TypeError, "both were taken");
    const { message } = refusal({ streamName: streamArn });
    assert.ok(message.endsWith(`pass the ARN "${streamArn}" as streamArn`), message);
    for (const wrong of ["", "orders", "arn:aws:kinesis:eu-north-1:1:stream/orders"]) {
      const error = refusal({ streamName: undefined, streamArn: wrong });
      assert.ok(error instanceof RangeError, wrong);
      assert.match(error.message, /streamArn must be .*arn:aws:kinesis/);
    }
  });

  it("names the tables by the application, a prefix, or one by one", () => {
    assert.deepEqual(resolve().tableNames, {
      clients: "billing_clients",
      checkpoints: "billing_checkpoints",
      metadata: "billing_metadata",
    });
    const named = resolve({ tablePrefix: "prod.", tableNames: { metadata: "shared-metadata" } });
    assert.deepEqual(named.tableNames, {
      clients: "prod.clients",
      checkpoints: "prod.checkpoints",
      metadata: "shared-metadata",
    });
  });

  it("never shows a credential", () => {
    const secret = "s3cret-value";
    const cases: readonly Readonly<Record<string, unknown>>[] = [
      { credentials: secret },
      { credentials: { accessKeyId: secret, secretAccessKey: "" } },
      { credentials: { accessKeyId: "", secretAccessKey: secret, sessionToken: secret } },
      { credentials: { accessKeyId: 7, secretAccessKey: secret } },
      { credentials: [secret] },
      { kinesisEndpoint: `http://user:${secret}@127.0.0.1:4567` },
      { dynamodbEndpoint: `https://:${secret}@127.0.0.1:4567` },
      { kinesisEndpoint: `http://${secret}@127.0.0.1:4567/path` },
      { kinesisEndpoint: `http://user:${secret}@127.0.0.1:port` },
      { kinesisEndpoint: `user:${secret}@127.0.0.1:4567` },
    ];
    for (const options of cases) {
      const error = refusal(options);
      assert.match(error.message, new RegExp(Object.keys(options)[0]!));
      assert.ok(!`${error.message}\n${error.stack}`.includes(secret), error.message);
    }
  });

  it("takes the region from the environment, or needs none with both endpoints", () => {
    const region = (env: Readonly<Record<string, string>>, options = {}) =>
      resolve({ runtime: runtime(env), ...options }).region;
    assert.equal(region({ AWS_REGION: "a-1", AWS_DEFAULT_REGION: "b-1" }), "a-1");
    assert.equal(region({ AWS_REGION: "", AWS_DEFAULT_REGION: "b-1" }), "b-1");
    assert.equal(region({ AWS_REGION: "a-1" }, { region: "c-1" }), "c-1");
    const local = { kinesisEndpoint: "http://127.0.0.1:1", dynamodbEndpoint: "http://127.0.0.1:2" };
    assert.equal(region({}, local), "us-east-1");
    assert.equal(region({ AWS_REGION: "a-1" }, local), "a-1");
    const chinese = resolve({ region: "cn-north-1" });
    assert.equal(chinese.kinesisEndpoint, "https://kinesis.cn-north-1.amazonaws.com.cn");
  });

  it("takes the endpoints from the environment, as AWS's own tools do", () => {
    const endpoints = (env: Readonly<Record<string, string>>, options = {}) => {
      const found = resolve({ runtime: runtime({ AWS_REGION: "a-1", ...env }), ...options });
      return [found.kinesisEndpoint, found.dynamodbEndpoint];
    };
    const KINESIS = { AWS_ENDPOINT_URL_KINESIS: "http://k:1/" };
    const DYNAMODB = { AWS_ENDPOINT_URL_DYNAMODB: "http://d:2" };
    const BOTH = { AWS_ENDPOINT_URL: "http://both:3" };
    const own = ["https://kinesis.a-1.amazonaws.com", "https://dynamodb.a-1.amazonaws.com"];
    assert.deepEqual(endpoints(KINESIS), ["http://k:1", own[1]]);
    assert.deepEqual(endpoints(DYNAMODB), [own[0], "http://d:2"]);
    assert.deepEqual(endpoints({ ...KINESIS, ...BOTH }), ["http://k:1", "http://both:3"]);
    assert.deepEqual(endpoints({ AWS_ENDPOINT_URL_KINESIS: "" }), own);
    assert.deepEqual(endpoints({ ...BOTH, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }), own);
    const given = { kinesisEndpoint: "http://mine:4" };
    assert.deepEqual(endpoints(KINESIS, given), ["http://mine:4", own[1]]);
    const local = { runtime: runtime(BOTH) };
    assert.equal(resolve(local).region, "us-east-1");
    const half = refusal({ runtime: runtime(KINESIS) });
    assert.match(half.message, /region is required/, "one service is AWS's: where?");
    const wrong = refusal({ runtime: runtime({ ...BOTH, AWS_ENDPOINT_URL_KINESIS: "k:1/x" }) });
    assert.ok(wrong instanceof RangeError, String(wrong));
    assert.match(wrong.message, /AWS_ENDPOINT_URL_KINESIS must be an http: or https: URL/);
  });

  it("keeps a Date of its own, and takes the present moment", () => {
    const startAt = new Date(NOW_MS);
    const resolved = resolve({ startAt });
    startAt.setTime(0);
    assert.deepEqual(resolved.startAt, new Date(NOW_MS));
    const starts = { "shardId-1": { after: "7" }, others: new Date(NOW_MS) } as const;
    const { startAt: copy } = resolve({ startAt: starts });
    starts.others.setTime(0);
    assert.deepEqual(copy, { "shardId-1": { after: "7" }, others: new Date(NOW_MS) });
  });
});
