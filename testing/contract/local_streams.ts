/**
 * Opens streams for the contract suite: kinesalite in this process, and the simulation.
 *
 * @module
 */

import { createAwsCall } from "../../src/aws/call.ts";
import { createCredentialsSource } from "../../src/aws/credentials.ts";
import { createKinesisApi } from "../../src/aws/kinesis.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { startEmbeddedServers } from "../local_servers.ts";
import { createSimulatedStream } from "../simulation/kinesis.ts";
import { openStreams } from "../streams.ts";
import type { StreamUnderTest } from "./kinesis_contract.ts";

const STREAM_NAME = "contract";

/** A new kinesalite with a stream of two shards. */
export async function openKinesalite(): Promise<StreamUnderTest> {
  const runtime = systemRuntime();
  const servers = await startEmbeddedServers();
  const streams = openStreams(servers);
  await streams.create(STREAM_NAME, { shardCount: 2 });
  const call = createAwsCall({
    service: "kinesis",
    endpoint: servers.kinesisEndpoint,
    region: servers.region,
    credentials: createCredentialsSource({ credentials: servers.credentials, runtime }),
    runtime,
    timeoutMs: 10_000,
  });
  return {
    api: createKinesisApi({ call, streamName: STREAM_NAME }),
    put: async (partitionKey, data) => {
      const [put] = await streams.put(STREAM_NAME, [{ partitionKey, data }]);
      if (put === undefined) throw new Error("The record was not put");
      return put;
    },
    split: (shardId) => streams.split(STREAM_NAME, shardId),
    merge: (shardId, adjacentShardId) => streams.merge(STREAM_NAME, shardId, adjacentShardId),
    close: () => servers.stop(),
  };
}

/** A new simulated stream of two shards, whose requests take no time. */
export function openSimulatedStream(): Promise<StreamUnderTest> {
  const stream = createSimulatedStream({ clock: systemRuntime().clock, shards: 2 });
  return Promise.resolve({
    api: stream.view({ latencyMs: 0 }),
    put: (partitionKey, data) => Promise.resolve(stream.put({ partitionKey, data })),
    split: (shardId) => Promise.resolve(void stream.split(shardId)),
    merge: (shardId, adjacentShardId) =>
      Promise.resolve(void stream.merge(shardId, adjacentShardId)),
    close: () => Promise.resolve(),
  });
}
