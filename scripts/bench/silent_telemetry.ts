/**
 * Stands in for src/telemetry/telemetry.ts in the copy of the library that telemetry's cost is
 * measured against: it does nothing.
 *
 * @module
 */

import type { AwsCall } from "../../src/aws/call.ts";
import type { Telemetry as Whole } from "../../src/telemetry/telemetry.ts";

/** Has the methods of the whole, so that nothing can be added there and be forgotten here. */
export class Telemetry implements Pick<Whole, keyof Whole> {
  calls(_service: unknown, call: AwsCall): () => AwsCall {
    return () => call;
  }

  kinesis({ port }: Parameters<Whole["kinesis"]>[0]): ReturnType<Whole["kinesis"]> {
    return port;
  }

  clients(clients: Parameters<Whole["clients"]>[0]): ReturnType<Whole["clients"]> {
    return clients;
  }

  checkpoints({ port }: Parameters<Whole["checkpoints"]>[0]): ReturnType<Whole["checkpoints"]> {
    return port;
  }

  metadata({ port }: Parameters<Whole["metadata"]>[0]): ReturnType<Whole["metadata"]> {
    return port;
  }

  async rebalance(_what: unknown, _signal: unknown, work: () => Promise<void>): Promise<void> {
    await work();
  }

  process(): ReturnType<Whole["process"]> {
    return (_, run) => run(undefined);
  }

  receive<Item>(pull: () => Promise<Item | undefined>): () => Promise<Item | undefined> {
    return pull;
  }

  take<Item>(take: () => Item | undefined): () => Item | undefined {
    return take;
  }

  stalled(): void {}

  observe(): void {}

  watch(): () => void {
    return () => {};
  }
}
