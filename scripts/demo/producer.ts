/**
 * Produces the demo's records at an even pace, and remembers where each one landed.
 *
 * The records of one key are put one after another, never two in one call, so that their order in
 * the stream is the order in which they were made.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Streams } from "../../testing/mod.ts";
import type { ProducedRecord } from "./account.ts";

const TICK_MS = 100;
const RECORDS_A_CALL = 500;
/** At least as many as records a call. */
const KEY_COUNT = 500;
/** What is kept back until {@linkcode Producer.finish}, so that records flow as long as needed. */
const TAIL_SHARE = 0.05;

/** What is produced, and where. */
export interface ProducerOptions {
  readonly streams: Streams;
  readonly streamName: string;
  readonly count: number;
  readonly durationMs: number;
  readonly onProduced: (records: readonly ProducedRecord[]) => void;
}

/** Produces records. */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #records: ProducedRecord[] = [];
  #mayEnd = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  /** What the stream has accepted. */
  get records(): readonly ProducedRecord[] {
    return this.#records;
  }

  /** From 0 to 1. */
  get share(): number {
    return this.#records.length / this.#options.count;
  }

  /** Lets the producer go on to its end. */
  finish(): void {
    this.#mayEnd = true;
  }

  /** Produces until all is produced, or the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { count, durationMs } = this.#options;
    const startMs = performance.now();
    while (this.#records.length < count && !signal.aborted) {
      const share = (performance.now() - startMs) / durationMs;
      const bound = this.#mayEnd ? 1 : 1 - TAIL_SHARE;
      await this.#produceUntil(Math.ceil(count * Math.min(share, bound)));
      await sleep(TICK_MS);
    }
  }

  async #produceUntil(end: number): Promise<void> {
    const { streams, streamName, onProduced } = this.#options;
    while (this.#records.length < end) {
      const from = this.#records.length;
      const length = Math.min(RECORDS_A_CALL, end - from);
      const made = Array.from({ length }, (_, offset) => make(from + offset));
      const results = await streams.put(
        streamName,
        made.map(({ index, key }) => ({
          data: JSON.stringify({ index, key, text: `This is record ${index}` }),
          partitionKey: key,
        })),
      );
      const records = results.map((result, offset) => ({ ...made[offset]!, ...result }));
      this.#records.push(...records);
      onProduced(records);
    }
  }
}

function make(index: number): Pick<ProducedRecord, "index" | "key"> {
  return { index, key: `key-${index % KEY_COUNT}` };
}
