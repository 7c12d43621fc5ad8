/**
 * A worker whose every request is one run: what a scheduled isolate does, on workerd.
 *
 * @module
 */

import { type KinsumerOptions, runOnce, type RunOnceOptions } from "../../mod.ts";

/** What a request asks for. */
export interface EdgeRequest {
  readonly options: KinsumerOptions;
  readonly run: RunOnceOptions;
}

const worker: { fetch(request: Request): Promise<Response> } = {
  async fetch(request) {
    const { options, run } = await request.json() as EdgeRequest;
    const records: { shardId: string; sequenceNumber: string }[] = [];
    try {
      const result = await runOnce(options, ({ shardId, sequenceNumber }) => {
        records.push({ shardId, sequenceNumber });
      }, run);
      return Response.json({ result, records });
    } catch (error) {
      return Response.json({ error: String(error), records }, { status: 500 });
    }
  },
};

// The form that workerd asks for.
export { worker as default };
