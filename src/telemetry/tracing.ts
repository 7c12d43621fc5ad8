/**
 * Makes spans of operations. Without a registered SDK an operation is only called.
 *
 * A span's parent is passed explicitly, so that it needs no context manager; a loop's spans begin
 * traces of their own, whatever was active when `run()` was called. Times come from the injected
 * clock. No span carries record data, partition keys, messages of errors, or credentials.
 *
 * @module
 */

import { isKinsumerError } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import {
  type Attributes,
  type Context,
  contextOf,
  currentTracer,
  ROOT_CONTEXT,
  runIn,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from "./api.ts";
import { ATTRIBUTES, type OperationFacts, type OperationName, OPERATIONS } from "./names.ts";

/** Who is traced. */
export interface TracedClient {
  readonly streamName: string;
  readonly applicationName: string;
  readonly clientId: string;
  readonly clock: Clock;
}

/** What is traced. */
export interface Operation<Result> {
  readonly name: OperationName;
  readonly shardId?: string | undefined;
  /** Gives the operation up: what it then throws is no failure. */
  readonly signal?: AbortSignal | undefined;
  /** What is known at the end; asked only if somebody records. */
  readonly describe?: ((result: Result) => Attributes) | undefined;
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
} as const;

/** Shards whose attributes are kept: more than a client ever owns at once. */
const MAX_KEPT_ATTRIBUTES = 4_096;

/** Makes the spans of one client. */
export class Tracing {
  readonly #client: TracedClient;
  readonly #kept = new Map<string, Attributes>();

  constructor(client: TracedClient) {
    this.#client = client;
  }

  /**
   * Does work within a span.
   *
   * @param work is given the context whose current span this is; `undefined` where nobody records
   */
  async during<Result>(
    operation: Operation<Result>,
    work: (within: Context | undefined) => Promise<Result>,
  ): Promise<Result> {
    const tracer = currentTracer();
    if (tracer === undefined) return await work(undefined);
    const span = this.start(tracer, operation);
    if (!span.isRecording()) return await this.#unrecorded(span, work);
    const within = contextOf(span);
    try {
      const result = await runIn(within, () => work(within));
      if (operation.describe !== undefined) span.setAttributes(operation.describe(result));
      return result;
    } catch (error) {
      fail(span, error, operation.signal);
      throw error;
    } finally {
      span.end(this.#client.clock.nowMs());
    }
  }

  /** What is below a span that nobody records must know that, or it would begin a trace. */
  async #unrecorded<Result>(
    span: Span,
    work: (within: Context | undefined) => Promise<Result>,
  ): Promise<Result> {
    try {
      const within = contextOf(span);
      return await runIn(within, () => work(within));
    } finally {
      span.end();
    }
  }

  /** Starts a span of an operation. */
  start(
    tracer: Tracer,
    { name, shardId }: Pick<Operation<unknown>, "name" | "shardId">,
    { parent = ROOT_CONTEXT, startMs = this.#client.clock.nowMs() }: {
      readonly parent?: Context | undefined;
      readonly startMs?: number | undefined;
    } = {},
  ): Span {
    return tracer.startSpan(`${name} ${this.#client.streamName}`, {
      kind: KINDS[OPERATIONS[name].kind],
      startTime: startMs,
      attributes: this.attributesOf(name, shardId),
    }, parent);
  }

  /** The attributes of every span of an operation; kept, so that most spans make none anew. */
  attributesOf(name: OperationName, shardId: string | undefined): Attributes {
    const key = `${name} ${shardId}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const { streamName, applicationName, clientId } = this.#client;
    const { type }: OperationFacts = OPERATIONS[name];
    const attributes: Attributes = {
      [ATTRIBUTES.system]: "aws_kinesis",
      [ATTRIBUTES.streamName]: streamName,
      [ATTRIBUTES.applicationName]: applicationName,
      [ATTRIBUTES.clientId]: clientId,
      [ATTRIBUTES.operationName]: name,
      ...(type === undefined ? {} : { [ATTRIBUTES.operationType]: type }),
      ...(shardId === undefined ? {} : { [ATTRIBUTES.shardId]: shardId }),
    };
    if (this.#kept.size >= MAX_KEPT_ATTRIBUTES) this.#kept.clear();
    this.#kept.set(key, attributes);
    return attributes;
  }
}

/**
 * Marks a span as failed, by the error's code; its message might carry data. What was given up, at a
 * stop or with a shard, has not failed.
 */
export function fail(span: Span, error: unknown, signal?: AbortSignal): void {
  if (signal?.aborted) {
    span.setAttribute(ATTRIBUTES.outcome, "aborted");
    return;
  }
  const type = errorType(error);
  span.setAttribute(ATTRIBUTES.errorType, type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
}

/** What kind of error this is: a Kinsumer error's code, another's class. */
export function errorType(error: unknown): string {
  if (isKinsumerError(error)) return error.code;
  return error instanceof Error && /^\w{1,100}$/.test(error.name) ? error.name : "_OTHER";
}
