/**
 * What one client tells OpenTelemetry: the one thing of this folder that the layers above hold.
 *
 * @module
 */

import type { AwsCall } from "../aws/call.ts";
import type { AwsService } from "../aws/failures.ts";
import type { KinesisApi } from "../aws/kinesis.ts";
import type { KinsumerEvent } from "../events.ts";
import type { KinsumerRecord } from "../model.ts";
import type { CheckpointsTable } from "../tables/checkpoints_api.ts";
import type { ClientsTable } from "../tables/clients_api.ts";
import type { MetadataTable } from "../tables/metadata.ts";
import { type CallWithin, traceCalls } from "./calls.ts";
import type { ContextExtractor } from "../rules/trace_context.ts";
import { Metrics, type ObservedClient } from "./metrics.ts";
import {
  traceCheckpoints,
  traceClients,
  type TracedPort,
  traceKinesis,
  traceMetadata,
} from "./ports.ts";
import {
  type AroundCall,
  type PulledItem,
  traceProcess,
  traceReceive,
  traceTake,
} from "./process.ts";
import { describeRebalance, type Rebalance } from "./rebalance.ts";
import { type StalledShard, traceStall } from "./stall.ts";
import { type TracedClient, Tracing } from "./tracing.ts";

/** What one client tells OpenTelemetry. */
export class Telemetry {
  readonly #by: {
    readonly client: TracedClient;
    readonly tracing: Tracing;
    readonly metrics: Metrics;
    readonly extractContext: ContextExtractor | undefined;
  };

  /** @param extractContext finds the producer's context in a record */
  constructor(client: TracedClient, extractContext?: ContextExtractor) {
    const [tracing, metrics] = [new Tracing(client), new Metrics(client)];
    this.#by = { client, tracing, metrics, extractContext };
  }

  /** Calls of a service, to be placed below a span. */
  calls(service: AwsService, call: AwsCall): CallWithin {
    return traceCalls(service, call, this.#by.client.clock);
  }

  kinesis(traced: TracedPort<KinesisApi>): KinesisApi {
    return traceKinesis(traced, this.#by);
  }

  clients(clients: ClientsTable, intervalMs: number): ClientsTable {
    return traceClients(clients, this.#by, intervalMs);
  }

  checkpoints(traced: TracedPort<CheckpointsTable>): CheckpointsTable {
    return traceCheckpoints(traced, this.#by);
  }

  metadata(traced: TracedPort<MetadataTable>): MetadataTable {
    return traceMetadata(traced, this.#by);
  }

  /** Does what a rebalance takes. */
  async rebalance(
    rebalance: Rebalance,
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<void> {
    const describe = () => describeRebalance(rebalance);
    await this.#by.tracing.during({ name: "rebalance", signal, describe }, work);
  }

  /** Stands around each call of a handler. */
  process(): AroundCall {
    return traceProcess(this.#by);
  }

  /** Stands around each pull. */
  receive<Item extends PulledItem>(
    pull: () => Promise<Item | undefined>,
    recordsOf: (item: Item) => readonly KinsumerRecord[],
  ): () => Promise<Item | undefined> {
    return traceReceive(this.#by, pull, recordsOf);
  }

  /** Stands around taking what need not be waited for. */
  take<Item extends PulledItem>(
    take: () => Item | undefined,
    recordsOf: (item: Item) => readonly KinsumerRecord[],
  ): () => Item | undefined {
    return traceTake(this.#by, take, recordsOf);
  }

  /** A shard was found to stand still: a span over the time for which it has. */
  stalled(stall: StalledShard): void {
    traceStall(this.#by, stall);
  }

  /** Counts an event. */
  observe(event: KinsumerEvent): void {
    this.#by.metrics.observe(event);
  }

  /**
   * Lets gauges ask a client that runs.
   *
   * @returns ends it
   */
  watch(client: ObservedClient): () => void {
    return this.#by.metrics.watch(client);
  }
}
