/**
 * What every loop of one client shares: its identity, ports, clock, lease, queue and voice.
 *
 * @module
 */

import type { KinesisApi } from "../aws/kinesis.ts";
import type { ResolvedOptions } from "../resolve_options.ts";
import type { Clock, Random } from "../runtime.ts";
import type { CheckpointsTable } from "../tables/checkpoints_api.ts";
import type { ClientsTable } from "../tables/clients_api.ts";
import type { MetadataTable } from "../tables/metadata.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Announcer } from "./announcer.ts";
import type { Handoff } from "./handoff.ts";
import type { Lease } from "./lease.ts";

/** What every loop of one client shares. */
export interface LoopContext {
  readonly options: ResolvedOptions;
  /** New for each process: tells two with one client ID apart. */
  readonly incarnation: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly kinesis: KinesisApi;
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
  readonly announcer: Announcer;
  readonly handoff: Handoff;
  readonly lease: Lease;
  readonly telemetry: Pick<Telemetry, "rebalance" | "stalled">;
  /** How fast shards are read: may change while the client runs. */
  readonly pace: { throttleDelayMs: number };
  /** Whether a write that can be left out for now may be made; absent: always. */
  readonly maySpend?: (() => boolean) | undefined;
}
