/**
 * Traces the ports by wrapping them: reads, captures, checkpoints, the lead.
 *
 * A port's methods take no context, so that users can write ports of their own. What is to be below
 * a span is called through a port that is made for it: `within`.
 *
 * @module
 */

import type { KinesisApi, RecordsAnswer } from "../aws/kinesis.ts";
import type { CheckpointsTable, CommitRequest } from "../tables/checkpoints_api.ts";
import type { ClientsTable } from "../tables/clients_api.ts";
import type { MetadataTable } from "../tables/metadata.ts";
import type { Context } from "./api.ts";
import type { Metrics } from "./metrics.ts";
import { ATTRIBUTES, type OperationName } from "./names.ts";
import type { Operation, TracedClient, Tracing } from "./tracing.ts";

/** A port, and the same port with its calls below a context. */
export interface TracedPort<Port> {
  readonly port: Port;
  /** Absent for a port of the user's own. */
  readonly within?: ((parent: Context) => Port) | undefined;
}

/** What tracing a port needs. */
export interface PortTracing {
  readonly client: TracedClient;
  readonly tracing: Tracing;
  readonly metrics: Metrics;
}

/** The stream, with a span for each read and each new iterator. */
export function traceKinesis(traced: TracedPort<KinesisApi>, by: PortTracing): KinesisApi {
  const { port } = traced;
  const { metrics } = by;
  const during = duringOf(traced, by);
  return {
    listShards: (signal) => port.listShards(signal),
    describeStream: (signal) => port.describeStream(signal),
    getShardIterator: (request, signal) =>
      during(
        { name: "get_shard_iterator", shardId: request.shardId, signal },
        (kinesis) => kinesis.getShardIterator(request, signal),
      ),
    getRecords: async (request, signal) => {
      const { shardId } = request;
      const answer = await during({
        name: "read",
        shardId,
        signal,
        describe: ({ records, lagMs }: RecordsAnswer) => ({
          [ATTRIBUTES.recordCount]: records.length,
          ...(lagMs === undefined ? {} : { [ATTRIBUTES.lagMs]: lagMs }),
        }),
      }, (kinesis) => kinesis.getRecords(request, signal));
      const { records, byteLength, lagMs } = answer;
      metrics.read({ shardId, count: records.length, byteLength, lagMs });
      return answer;
    },
  };
}

/** The checkpoints table, with a span for each capture and each write of a checkpoint. */
export function traceCheckpoints(
  traced: TracedPort<CheckpointsTable>,
  by: PortTracing,
): CheckpointsTable {
  const { port } = traced;
  const during = duringOf(traced, by);
  return {
    read: (shardId, signal) => port.read(shardId, signal),
    readMany: (shardIds, signal) => port.readMany(shardIds, signal),
    list: (signal) => port.list(signal),
    remove: (observed, signal) => port.remove(observed, signal),
    capture: (request, signal) =>
      during(
        { name: "capture", shardId: request.shardId, signal, describe: outcomeOf },
        (checkpoints) => checkpoints.capture(request, signal),
      ),
    commit: (request, signal) => {
      const name = commitName(request);
      const { shardId } = request.observed;
      return measured(by, name, () =>
        during(
          { name, shardId, signal, describe: outcomeOf },
          (checkpoints) => checkpoints.commit(request, signal),
        ));
    },
  };
}

/** The metadata table, with a span for each attempt to lead and for giving the lead up. */
export function traceMetadata(traced: TracedPort<MetadataTable>, by: PortTracing): MetadataTable {
  const { port } = traced;
  const during = duringOf(traced, by);
  return {
    readLeader: (signal) => port.readLeader(signal),
    readShardCache: (signal) => port.readShardCache(signal),
    writeShardCache: (shardIds, signal) => port.writeShardCache(shardIds, signal),
    startedAtMs: (nowMs, signal) => port.startedAtMs(nowMs, signal),
    lead: (request, signal) => {
      const wasMine = request.observed?.clientId === request.clientId;
      return during({
        name: "lead",
        signal,
        describe: (row) => ({
          [ATTRIBUTES.outcome]: row === undefined ? "refused" : wasMine ? "renewed" : "won",
        }),
      }, (metadata) => metadata.lead(request, signal));
    },
    resign: (clientId, signal) =>
      during({ name: "resign", signal }, (metadata) => metadata.resign(clientId, signal)),
  };
}

/** The clients table, which tells how late heartbeats come. */
export function traceClients(
  clients: ClientsTable,
  { metrics }: PortTracing,
  intervalMs: number,
): ClientsTable {
  return {
    register: (client, signal) => clients.register(client, signal),
    beat: (client, signal) => {
      metrics.beat(intervalMs);
      return clients.beat(client, signal);
    },
    read: (clientId, signal) => clients.read(clientId, signal),
    list: (signal) => clients.list(signal),
    assign: (assignment, signal) => clients.assign(assignment, signal),
    remove: (observed, signal) => clients.remove(observed, signal),
    // A port of the user's own need not have it.
    ...(clients.witness !== undefined && {
      witness: (observed, witnessedMs, signal) =>
        clients.witness?.(observed, witnessedMs, signal) ?? Promise.resolve(false),
    }),
  };
}

type During<Port> = <Result>(
  operation: Operation<Result>,
  work: (port: Port) => Promise<Result>,
) => Promise<Result>;

function duringOf<Port>(
  { port, within }: TracedPort<Port>,
  { tracing }: PortTracing,
): During<Port> {
  return (operation, work) =>
    tracing.during(
      operation,
      (parent) => work(parent === undefined || within === undefined ? port : within(parent)),
    );
}

/** An operation that the conventions measure. */
async function measured<Result>(
  { client: { clock }, metrics }: PortTracing,
  name: OperationName,
  work: () => Promise<Result>,
): Promise<Result> {
  const startedMs = clock.monotonicMs();
  try {
    const result = await work();
    metrics.operated(name, { startedMs });
    return result;
  } catch (thrown) {
    metrics.operated(name, { startedMs, error: { thrown } });
    throw thrown;
  }
}

function outcomeOf({ outcome }: { readonly outcome: string }): Record<string, string> {
  return { [ATTRIBUTES.outcome]: outcome };
}

function commitName(
  request: Pick<CommitRequest, "isReleased" | "isFinished">,
): "finish" | "release" | "commit" {
  if (request.isFinished) return "finish";
  return request.isReleased ? "release" : "commit";
}
