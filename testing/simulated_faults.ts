/**
 * Makes a simulated service refuse what it is asked: so many times, by operation and shard.
 *
 * @module
 */

import type { KinesisApi } from "../src/aws/kinesis.ts";
import { KinsumerError, type KinsumerErrorCode } from "../src/errors.ts";
import { failure } from "./simulation/shard.ts";

/** What a client asks of the stream and of the tables, as the services name it. */
export type SimulatedOperation =
  | "ListShards"
  | "GetShardIterator"
  | "GetRecords"
  | "DescribeStream"
  | "GetItem"
  | "BatchGetItem"
  | "Scan"
  | "UpdateItem"
  | "DeleteItem";

/** Which requests fail, how often, and how. */
export interface SimulatedFaultOptions {
  /** Requests of this kind only. */
  readonly operation: SimulatedOperation;
  /** How many requests fail: 1 or more. @default {1} */
  readonly times?: number | undefined;
  /** Only requests about this shard. @default all */
  readonly shardId?: string | undefined;
  /** The code of the `KinsumerError`, or an error of yours. @default {"ServiceFailure"} */
  readonly error?: KinsumerErrorCode | Error | undefined;
}

/** A fault, and what became of it. */
export interface SimulatedFault {
  /** How many requests it has hit. */
  readonly hitCount: number;
  /** Ends it. */
  end(): void;
}

interface Fault extends SimulatedFaultOptions {
  hitCount: number;
  left: number;
}

const RETRYABLE: readonly KinsumerErrorCode[] = [
  "Throttled",
  "ServiceFailure",
  "NetworkFailure",
  "RequestTimeout",
];
const AWS_CODES: Partial<Record<KinsumerErrorCode, string>> = {
  Throttled: "ProvisionedThroughputExceededException",
  IteratorExpired: "ExpiredIteratorException",
  AccessDenied: "AccessDeniedException",
};

/** The faults of one world. */
export class SimulatedFaults {
  readonly #faults = new Set<Fault>();
  /** Iterators of an earlier generation have expired. */
  #generation = 0;

  /** @throws {RangeError} when `times` is not a whole number of at least 1 */
  add(options: SimulatedFaultOptions): SimulatedFault {
    const { times = 1 } = options;
    if (!Number.isInteger(times) || times < 1) {
      throw new RangeError(`Cannot fail: times must be a whole number from 1, got ${times}`);
    }
    const fault = { ...options, hitCount: 0, left: times };
    this.#faults.add(fault);
    return {
      get hitCount() {
        return fault.hitCount;
      },
      end: () => void this.#faults.delete(fault),
    };
  }

  expireIterators(): void {
    this.#generation++;
  }

  /** @throws {Error} when a fault hits this request */
  intercept(operation: string, args: unknown): void {
    const { shardId } = args as { readonly shardId?: string };
    for (const fault of this.#faults) {
      const isAbout = fault.shardId === undefined || fault.shardId === shardId;
      if (fault.operation !== operation || !isAbout) continue;
      fault.hitCount++;
      if (--fault.left === 0) this.#faults.delete(fault);
      throw asError(operation, fault, shardId);
    }
  }

  /** A stream whose iterators {@linkcode expireIterators} ends. */
  expirable(api: KinesisApi): KinesisApi {
    return {
      ...api,
      getShardIterator: async (request, signal) => {
        const generation = this.#generation;
        return `${generation}~${await api.getShardIterator(request, signal)}`;
      },
      getRecords: async (request, signal) => {
        const [issued, shardIterator = ""] = request.shardIterator.split("~");
        if (Number(issued) < this.#generation) {
          throw failure("IteratorExpired", "ExpiredIteratorException", request.shardId);
        }
        const answer = await api.getRecords({ ...request, shardIterator }, signal);
        const { nextShardIterator: next } = answer;
        return next === undefined ? answer : { ...answer, nextShardIterator: `${issued}~${next}` };
      },
    };
  }
}

function asError(operation: string, fault: Fault, shardId: string | undefined): Error {
  const { error = "ServiceFailure" } = fault;
  if (typeof error !== "string") return error;
  return new KinsumerError(error, `Cannot call ${operation}: a simulated fault`, {
    operation,
    awsCode: AWS_CODES[error],
    shardId,
    retryable: RETRYABLE.includes(error),
  });
}
