/**
 * Remembers each processed record beyond the checkpoint, and recognises, after a capture, those that
 * the owner before had processed.
 *
 * @module
 */

import type { DedupeStore, DedupeWindow } from "../handling.ts";
import type { SequenceNumber } from "../model.ts";
import type { Range } from "./channel.ts";
import type { LoopContext } from "./context.ts";
import type { Lane } from "./lane.ts";
import { persist, toError } from "./persist.ts";

/** Records beyond the unbroken row that are remembered of a shard: a row of some 30 KB. */
const MOST_BEYOND = 500;

interface Memory {
  /** What was remembered when the shard was captured. */
  readonly knownUpTo: bigint | undefined;
  readonly known: ReadonlySet<SequenceNumber>;
  /** What is processed since, beyond the unbroken row. */
  readonly beyond: Set<SequenceNumber>;
  upTo: SequenceNumber | undefined;
  saving: Promise<void> | undefined;
  next: Promise<void> | undefined;
}

/** Remembers what is processed, shard by shard. */
export class Dedupe {
  readonly #context: Pick<LoopContext, "announcer" | "clock" | "random">;
  readonly #store: DedupeStore;
  readonly #memories = new WeakMap<Lane, Memory>();
  readonly #loading = new WeakMap<Lane, Promise<void>>();

  constructor(
    context: Pick<LoopContext, "announcer" | "clock" | "random">,
    store: DedupeStore,
  ) {
    this.#context = context;
    this.#store = store;
  }

  /** Finds out what the owner before had processed; tried until it succeeds or the shard is lost. */
  load(lane: Lane): Promise<void> {
    const loading = this.#loading.get(lane) ?? this.#load(lane);
    this.#loading.set(lane, loading);
    return loading;
  }

  /** Whether the owner before had processed this record. */
  isKnown(lane: Lane, sequenceNumber: SequenceNumber): boolean {
    const memory = this.#memories.get(lane);
    if (memory === undefined) return false;
    const { known, knownUpTo } = memory;
    return known.has(sequenceNumber) ||
      (knownUpTo !== undefined && BigInt(sequenceNumber) <= knownUpTo);
  }

  /**
   * Remembers records that are about to be acknowledged. What cannot be saved is told, and not tried
   * again: the price is a record that may come twice.
   */
  save(lane: Lane, unit: Range): Promise<void> {
    const memory = this.#memories.get(lane);
    if (memory === undefined) return Promise.resolve();
    note(memory, unit);
    if (memory.saving === undefined) return memory.saving = this.#write(lane, memory);
    // One write at a time; whoever comes meanwhile shares the one after it.
    return memory.next ??= memory.saving.then(() => {
      memory.next = undefined;
      return memory.saving = this.#write(lane, memory);
    });
  }

  async #load(lane: Lane): Promise<void> {
    const { shardId, signal } = lane.channel;
    const what = { operation: "load dedupe window", shardId, signal };
    const found = await persist(
      this.#context,
      what,
      async () => ({ window: await this.#store.load(shardId, signal) }),
    );
    if (found === undefined) return;
    const { upTo, beyond }: DedupeWindow = found.window ?? { beyond: [] };
    this.#memories.set(lane, {
      knownUpTo: upTo === undefined ? undefined : BigInt(upTo),
      known: new Set(beyond),
      beyond: new Set(beyond),
      upTo,
      saving: undefined,
      next: undefined,
    });
  }

  async #write(lane: Lane, memory: Memory): Promise<void> {
    const { shardId, signal } = lane.channel;
    const { upTo, beyond } = memory;
    const saved = { ...(upTo !== undefined && { upTo }), beyond: [...beyond] };
    try {
      await this.#store.save(shardId, saved, signal);
    } catch (cause) {
      if (signal.aborted) return;
      const error = toError(cause, { operation: "save dedupe window", shardId });
      this.#context.announcer.announce({ type: "failed", shardId, error });
    } finally {
      memory.saving = undefined;
    }
  }
}

/** Notes the records of a unit, and forgets those that the unbroken row covers. */
function note(memory: Memory, { batch, from, to }: Range): void {
  const { channel: { progress }, firstOrdinal, received } = batch;
  const isNext = firstOrdinal + from <= progress.watermark;
  const upTo = isNext ? received[to - 1]!.sequenceNumber : progress.sequenceNumber;
  if (upTo !== undefined && (memory.upTo === undefined || BigInt(upTo) > BigInt(memory.upTo))) {
    memory.upTo = upTo;
  }
  for (let index = from; !isNext && index < to && memory.beyond.size < MOST_BEYOND; index++) {
    memory.beyond.add(received[index]!.sequenceNumber);
  }
  if (memory.upTo === undefined) return;
  const covered = BigInt(memory.upTo);
  for (const each of memory.beyond) if (BigInt(each) <= covered) memory.beyond.delete(each);
}
