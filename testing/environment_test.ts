/**
 * Contract: the environment's variables choose, for each service, between a server of its own, one
 * that runs already, and AWS; what was made is deleted in the end.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Kinsumer } from "../src/kinsumer.ts";
import { tableNames } from "../src/tables/schema.ts";
import { openTestEnvironment } from "./environment.ts";
import { type EmbeddedServers, startEmbeddedServers } from "./local_servers.ts";

const LIMIT = { timeout: 20_000 };

function open(variables: Readonly<Record<string, string>>) {
  return openTestEnvironment({ env: (name) => variables[name] });
}

describe("openTestEnvironment()", () => {
  let running: EmbeddedServers;
  before(async () => {
    running = await startEmbeddedServers();
  });
  after(() => running.stop());

  it("starts servers of its own, and stops them", LIMIT, async () => {
    const environment = await open({});
    const { kinesisEndpoint, dynamodbEndpoint } = environment;
    assert.match(kinesisEndpoint ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.match(dynamodbEndpoint ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.notEqual(kinesisEndpoint, dynamodbEndpoint);
    assert.equal(environment.isRemote, false);
    const other = await open({});
    assert.notEqual(other.kinesisEndpoint, kinesisEndpoint);
    const name = environment.uniqueName("own");
    await environment.streams.create(name, { shardCount: 2 });
    assert.equal((await environment.streams.shards(name)).length, 2);
    await Promise.all([environment.cleanUp(), other.cleanUp()]);
    await environment.cleanUp();
    await assert.rejects(fetch(kinesisEndpoint!));
    await assert.rejects(fetch(dynamodbEndpoint!));
  });

  it("uses what runs already, and deletes there what it made", LIMIT, async () => {
    const { kinesisEndpoint, dynamodbEndpoint } = running;
    const variables = {
      KINSUMER_KINESIS_ENDPOINT: kinesisEndpoint,
      KINSUMER_DYNAMODB_ENDPOINT: dynamodbEndpoint,
    };
    const environment = await open(variables);
    assert.equal(environment.isRemote, true);
    const { credentials, ...rest } = environment.clientOptions();
    assert.deepEqual(rest, { kinesisEndpoint, dynamodbEndpoint, region: "us-east-1" });
    assert.equal(typeof credentials, "object");
    const name = environment.uniqueName("shared");
    await environment.streams.create(name, { shardCount: 1 });
    const kinsumer = new Kinsumer({
      ...environment.clientOptions(),
      streamName: name,
      applicationName: name,
      tableWaiterDelayMs: 10,
    });
    await kinsumer.createRequiredTables();
    await kinsumer.run();
    await kinsumer.stop();
    await environment.cleanUp();

    const later = await open(variables);
    await assert.rejects(later.streams.shards(name), { code: "StreamNotFound" });
    for (const tableName of Object.values(tableNames(name))) {
      assert.equal(await later.dynamodb.describeTable({ tableName }), undefined);
    }
    await later.cleanUp();
  });

  it("starts a server only for the service that none is named for", LIMIT, async () => {
    const { kinesisEndpoint } = running;
    const environment = await open({ KINSUMER_KINESIS_ENDPOINT: kinesisEndpoint });
    assert.equal(environment.kinesisEndpoint, kinesisEndpoint);
    assert.notEqual(environment.dynamodbEndpoint, running.dynamodbEndpoint);
    const tableName = environment.uniqueName("half");
    assert.equal(await environment.dynamodb.describeTable({ tableName }), undefined);
    await environment.cleanUp();
  });

  it(
    "means AWS by the empty string, with the environment's region and credentials",
    LIMIT,
    async () => {
      const aws = {
        KINSUMER_KINESIS_ENDPOINT: "",
        KINSUMER_DYNAMODB_ENDPOINT: "",
        AWS_REGION: "eu-west-1",
      };
      const environment = await open(aws);
      assert.equal(environment.isRemote, true);
      assert.deepEqual(environment.clientOptions(), {
        kinesisEndpoint: undefined,
        dynamodbEndpoint: undefined,
        region: "eu-west-1",
        credentials: undefined,
      });
      const { AWS_REGION: _, ...nowhere } = aws;
      await assert.rejects(open(nowhere), /^RangeError: .*"AWS_REGION" is not set/);
      const hasty = { ...aws, KINSUMER_RESOURCE_CHANGE_TIMEOUT_MS: "soon" };
      await assert.rejects(
        open(hasty),
        /RESOURCE_CHANGE_TIMEOUT_MS" must be milliseconds, got "soon"/,
      );
      await open({ ...aws, KINSUMER_RESOURCE_CHANGE_TIMEOUT_MS: "60000" });
    },
  );

  it("uniqueName() never repeats itself, and fits both services", LIMIT, async () => {
    const environment = await open({});
    const names = Array.from({ length: 100 }, () => environment.uniqueName("a-test"));
    assert.equal(new Set(names).size, 100);
    for (const name of names) assert.match(name, /^a-test-[a-z0-9-]{10,40}$/);
    await environment.cleanUp();
  });
});
