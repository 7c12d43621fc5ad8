/**
 * Provokes what only servers can show: each call to AWS, its repetitions, a wire that is refused,
 * tables that cannot be protected, other applications of the stream.
 *
 * @module
 */

import { deadLetterStream, dedupeTable, Kinsumer } from "../../mod.ts";
import { systemRuntime } from "../../src/runtime.ts";
import type { Runtime } from "../../src/runtime.ts";
import { eventually } from "../../testing/collect.ts";
import { FAST_OPTIONS } from "../../testing/fleet.ts";
import { openStreams, startEmbeddedServers } from "../../testing/mod.ts";
import type { Observer } from "./observer.ts";
import type { Scenario } from "./scenarios.ts";

const STREAM = "simulated";

/** What stands in for a service that has its moods: each is shown once. */
const MOODS: Readonly<Record<string, string>> = {
  "DynamoDB_20120810.Scan": "ProvisionedThroughputExceededException",
  "Kinesis_20131202.ListShards": "InternalFailure",
};

/** A machine whose first call of some kinds fails for a passing reason, and whose CBOR is refused. */
function moodyRuntime(): Runtime {
  const runtime = systemRuntime();
  const left = new Map(Object.entries(MOODS));
  return {
    ...runtime,
    fetch: async (url, request) => {
      const headers = new Headers({ ...request.headers });
      const target = headers.get("x-amz-target") ?? "";
      const isCbor = (headers.get("content-type") ?? "").includes("cbor");
      const type = isCbor ? "SerializationException" : left.get(target);
      if (type === undefined) return await runtime.fetch(url, request);
      left.delete(target);
      return new Response(JSON.stringify({ __type: type }), { status: 400 });
    },
  };
}

async function consume(kinsumer: Kinsumer, endpoints: Endpoints): Promise<void> {
  const dedupe = dedupeTable({ tableName: "dedupe", ...endpoints });
  await dedupe.createTable();
  const deadLetter = deadLetterStream({ streamName: "dead-letters", ...endpoints });
  await kinsumer.process(() => {
    throw new Error("no");
  }, { dedupe, onFailure: { attempts: 1, deadLetter } });
}

type Endpoints = Pick<
  Awaited<ReturnType<typeof startEmbeddedServers>>,
  "kinesisEndpoint" | "dynamodbEndpoint" | "region" | "credentials"
>;

async function playOn(endpoints: Endpoints, observer: Observer): Promise<void> {
  const earlier = observer.seen().events.length;
  const streams = openStreams(endpoints);
  await streams.create(STREAM, { shardCount: 1 });
  await streams.split(STREAM, "shardId-000000000000");
  await streams.create("dead-letters", { shardCount: 1 });
  const kinsumer = new Kinsumer({
    ...endpoints,
    ...FAST_OPTIONS,
    ...observer.options,
    wire: "cbor",
    streamName: STREAM,
    applicationName: "served",
    clientRecordMaxAgeMs: 30_000,
    deletionProtection: true,
    pointInTimeRecovery: true,
    coordination: { tableName: "applications" },
    runtime: moodyRuntime(),
  });
  await kinsumer.createRequiredTables();
  await kinsumer.run();
  await streams.put(STREAM, [{ partitionKey: "a", data: "1" }]);
  const consuming = consume(kinsumer, endpoints);
  const wanted = ["record-dead-lettered", "applications-changed", "wire-refused", "checkpointed"];
  await eventually("all has happened", () => {
    const types = new Set<string>(observer.seen().events.slice(earlier).map(({ type }) => type));
    return wanted.every((type) => types.has(type));
  });
  await kinsumer.stop();
  await consuming;
  await kinsumer.deleteTables();
}

/** A client at local servers. */
export const SERVED: Scenario = {
  name: "a client consumes from servers",
  play: async (observer) => {
    const { stop, ...endpoints } = await startEmbeddedServers();
    try {
      await playOn(endpoints, observer);
    } finally {
      await stop();
    }
  },
};
