/**
 * Lets a Web stream pull.
 *
 * @module
 */

import type { KinsumerRecord } from "../model.ts";
import type { DeliveredRecord } from "./delivery.ts";
import type { PullIterator } from "./pull.ts";

/** What an iterator returns, as a Web stream: each pull is one of the iterator's. */
export function streamOf(records: PullIterator<DeliveredRecord>): ReadableStream<KinsumerRecord> {
  return new ReadableStream<KinsumerRecord>({
    pull: async (controller) => {
      const { done, value } = await records.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void await records.return(),
  }, { highWaterMark: 0 }); // a chunk that waited inside of the stream would count as processed
}
