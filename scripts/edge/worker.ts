/**
 * A worker whose every request is one run: what a scheduled isolate does, on workerd. It stands on
 * the one file that npm ships for isolates, and tells a collector of each record as it is processed.
 *
 * @module
 */

import { type EdgeOptions, type EdgeRunOptions, retried, runOnce } from "../../src/edge/mod.ts";

/** What a request asks for. */
export interface EdgeRequest {
  readonly options: EdgeOptions;
  readonly run: EdgeRunOptions;
  /** Is told of each record before it counts as processed. */
  readonly collectorUrl?: string | undefined;
  /** How often the handler fails before it takes a record. */
  readonly failures?: number | undefined;
}

/** Runs once, as a request asks. */
export async function serve(
  request: Request,
  more: Pick<EdgeOptions, "telemetry"> = {},
): Promise<Response> {
  const { options, run, collectorUrl, failures = 0 } = await request.json() as EdgeRequest;
  const records: { shardId: string; sequenceNumber: string }[] = [];
  let left = failures;
  const handler = retried(async ({ shardId, sequenceNumber }) => {
    if (left-- > 0) throw new Error("It fails at first");
    left = failures;
    const body = JSON.stringify({ shardId, sequenceNumber });
    if (collectorUrl !== undefined) {
      await (await fetch(collectorUrl, { method: "POST", body })).text();
    }
    records.push({ shardId, sequenceNumber });
  }, { firstDelayMs: 1 });
  try {
    const result = await runOnce({ ...options, ...more }, handler, run);
    return Response.json({ result, records });
  } catch (error) {
    return Response.json({ error: String(error), records }, { status: 500 });
  }
}

const worker: { fetch(request: Request): Promise<Response> } = {
  fetch: (request) => serve(request),
};

// The form that workerd asks for.
export { worker as default };
