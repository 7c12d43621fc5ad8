/**
 * Traces a shard that stands still.
 *
 * @module
 */

import { currentTracer } from "./api.ts";
import { ATTRIBUTES } from "./names.ts";
import type { TracedClient, Tracing } from "./tracing.ts";

/** A shard that stands still. */
export interface StalledShard {
  readonly shardId: string;
  readonly waitingFor: string;
  readonly stalledMs: number;
  readonly lagMs: number | undefined;
  readonly isRestarted: boolean;
}

/** Makes a span over the time for which the shard has not moved. */
export function traceStall(
  { client: { clock }, tracing }: { readonly client: TracedClient; readonly tracing: Tracing },
  { isRestarted, lagMs, shardId, stalledMs, waitingFor }: StalledShard,
): void {
  const tracer = currentTracer();
  if (tracer === undefined) return;
  const nowMs = clock.nowMs();
  const span = tracing.start(tracer, { name: "stall", shardId }, { startMs: nowMs - stalledMs });
  span.setAttributes({
    [ATTRIBUTES.reason]: waitingFor,
    [ATTRIBUTES.outcome]: isRestarted ? "restarted" : "reported",
    ...(lagMs === undefined ? {} : { [ATTRIBUTES.lagMs]: lagMs }),
  });
  span.end(nowMs);
}
