/**
 * Makes the ports of one client rough, as those of a user may be: calls that fail with whatever, or
 * hang; answers that are lost, late, or have no shape; and requests that go on although their caller
 * gave them up.
 *
 * @module
 */

import type { KinesisApi } from "../../src/aws/kinesis.ts";
import { KinsumerError } from "../../src/errors.ts";
import type { Clock, Random } from "../../src/runtime.ts";
import type { ChannelOptions } from "./channel.ts";
import type { Draw } from "./draw.ts";

/** How rough the ports of a client are. */
export interface RoughPorts {
  /** How many calls of a hundred fail, and how many answers to writes are lost. */
  readonly faults: number;
  /** How many of a hundred hang: a half before they are carried out, a half after that. */
  readonly hangs: number;
  /** After how many milliseconds a call that hangs fails; absent: never. */
  readonly hangMs?: number | undefined;
  /** Whether a request goes on when its caller has given it up. */
  readonly isDeaf: boolean;
  /** How many answers of the stream, of a hundred, have no shape. */
  readonly garbage: number;
}

/** Draws how rough a client's ports are. */
export function drawRoughPorts(draw: Draw): RoughPorts {
  return {
    faults: draw.pick([2, 2, 10, 20]),
    hangs: draw.pick([0, 0, 1, 4]),
    hangMs: draw.pick([300, 2_500, 10_000, undefined]),
    isDeaf: draw.chance(0.3),
    garbage: draw.pick([0, 0, 0, 5]),
  };
}

/** What they need of the client's world. */
export interface RoughWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether they are rough now. */
  readonly isOn: () => boolean;
  /** Is told of each failure that a caller sees. */
  readonly onFailure?: (error: unknown) => void;
}

/** The faults of a client's requests. */
export class RoughNetwork {
  readonly #ports: RoughPorts;
  readonly #world: RoughWorld;

  constructor(ports: RoughPorts, world: RoughWorld) {
    this.#ports = ports;
    this.#world = world;
  }

  /** How requests travel. */
  get channel(): Pick<ChannelOptions, "intercept" | "interceptAnswer" | "isDeaf"> {
    const { faults, hangs, isDeaf } = this.#ports;
    return {
      isDeaf,
      intercept: async (operation) => {
        if (this.#hits(hangs / 2)) await this.#hang(operation);
        if (this.#hits(faults)) throw this.#failure();
      },
      interceptAnswer: async (operation) => {
        if (this.#hits(hangs / 2)) await this.#hang(operation);
        const isWrite = operation === "UpdateItem" || operation === "DeleteItem";
        if (isWrite && this.#hits(faults)) throw this.#failure();
      },
    };
  }

  /** An answer of the stream as it arrives: now and then it has no shape. */
  shaped<Answer>(answer: Answer): Answer {
    if (!this.#hits(this.#ports.garbage)) return answer;
    const shapes: readonly unknown[] = [undefined, {}, null];
    return shapes[Math.floor(this.#world.random.next() * shapes.length)] as Answer;
  }

  /** The stream, as it answers. */
  kinesis(kinesis: KinesisApi): KinesisApi {
    const shaped = async <Answer>(answer: Promise<Answer>): Promise<Answer> =>
      this.shaped(await answer);
    return {
      ...kinesis,
      listShards: (signal) => shaped(kinesis.listShards(signal)),
      getShardIterator: (request, signal) => shaped(kinesis.getShardIterator(request, signal)),
      getRecords: (request, signal) => shaped(kinesis.getRecords(request, signal)),
    };
  }

  #hits(percent: number): boolean {
    return this.#world.isOn() && this.#world.random.next() * 100 < percent;
  }

  async #hang(operation: string): Promise<void> {
    const { hangMs } = this.#ports;
    if (hangMs === undefined) return await new Promise(() => {});
    await this.#world.clock.sleep(hangMs);
    throw this.#told(
      new KinsumerError("RequestTimeout", `No answer to ${operation}`, { retryable: true }),
    );
  }

  /** Whatever a port may throw. */
  #failure(): unknown {
    const errors: readonly unknown[] = [
      new TypeError("fetch failed"),
      new KinsumerError("NetworkFailure", "Cannot call: no connection", { retryable: true }),
      new KinsumerError("Throttled", "Cannot call: slow down", { retryable: true }),
      "no",
    ];
    return this.#told(errors[Math.floor(this.#world.random.next() * errors.length)]);
  }

  #told<Failure>(failure: Failure): Failure {
    this.#world.onFailure?.(failure);
    return failure;
  }
}
