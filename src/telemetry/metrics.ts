/**
 * Counts and measures. Without a registered SDK nothing is kept; instruments are made when one is
 * first seen.
 *
 * @module
 */

import { isKinsumerError } from "../errors.ts";
import type { KinsumerEvent } from "../events.ts";
import {
  type Attributes,
  currentMeterProvider,
  INSTRUMENTATION_NAME,
  type Meter,
  type MeterProvider,
  type ObservableResult,
} from "./api.ts";
import { ATTRIBUTES, METRICS, type OperationName, OPERATIONS } from "./names.ts";
import { errorType, type TracedClient } from "./tracing.ts";

/** What gauges ask of a client that runs. */
export interface ObservedClient {
  readonly ownedCount: number;
  readonly pausedCount: number;
  readonly bufferBytes: number;
  readonly bufferLimit: number;
}

/** How something ended. */
interface Measured {
  readonly startedMs: number;
  readonly error?: { readonly thrown: unknown } | undefined;
}

interface Instruments {
  count(metric: CounterName, value: number, attributes: Attributes): void;
  /** @param ms milliseconds; written as seconds */
  measure(metric: HistogramName, ms: number, attributes: Attributes): void;
}

type NamesOf<Kind> = {
  [name in keyof typeof METRICS]: (typeof METRICS)[name]["kind"] extends Kind ? name : never;
}[keyof typeof METRICS];
type CounterName = NamesOf<"counter">;
type HistogramName = NamesOf<"histogram">;
type GaugeName = NamesOf<"gauge">;

/** Shards of which something is kept: more than a client ever owns at once. */
const MAX_SHARDS = 10_000;

/** Counts and measures for one client. */
export class Metrics {
  readonly #client: TracedClient;
  readonly #common: Attributes;
  readonly #kept = new Map<string, Attributes>();
  readonly #lags = new Map<string, number>();
  readonly #checkpointedMs = new Map<string, number>();
  #lastBeatMs: number | undefined;

  constructor(client: TracedClient) {
    this.#client = client;
    this.#common = {
      [ATTRIBUTES.system]: "aws_kinesis",
      [ATTRIBUTES.streamName]: client.streamName,
      [ATTRIBUTES.applicationName]: client.applicationName,
    };
  }

  /** A read of a shard returned. */
  read(
    { shardId, count, byteLength, lagMs }: {
      readonly shardId: string;
      readonly count: number;
      readonly byteLength: number;
      readonly lagMs: number | undefined;
    },
  ): void {
    const instruments = currentInstruments();
    if (instruments === undefined) return;
    if (lagMs !== undefined && this.#lags.size < MAX_SHARDS) this.#lags.set(shardId, lagMs);
    instruments.count("bytesRead", byteLength, this.#common);
    if (count > 0) instruments.count("recordsRead", count, this.#common);
  }

  /** Records were handed over to a pull. */
  received(
    item: { readonly shardId: string; ack(): void },
    { count, startedMs }: { readonly count: number; readonly startedMs: number },
  ): void {
    this.operated("receive", { startedMs });
    const instruments = currentInstruments();
    if (instruments === undefined) return;
    instruments.count("consumedMessages", count, this.#of("receive"));
    const handedOverMs = this.#client.clock.monotonicMs();
    const acknowledge = item.ack;
    // A method of its own for this item: it is measured once, whoever acknowledges it.
    item.ack = () => {
      item.ack = acknowledge;
      const ms = this.#client.clock.monotonicMs() - handedOverMs;
      currentInstruments()?.measure("acknowledgeDuration", ms, this.#common);
      acknowledge.call(item);
    };
  }

  /** A handler was called and has ended. */
  processed(
    call: { readonly records: readonly unknown[]; readonly attempt: number },
    measured: Measured,
  ): void {
    const instruments = currentInstruments();
    if (instruments === undefined) return;
    const attributes = this.#of("process", measured.error);
    instruments.measure("processDuration", this.#sinceMs(measured), attributes);
    if (call.attempt > 1) return;
    instruments.count("consumedMessages", call.records.length, this.#of("process"));
  }

  /** An operation that the conventions measure has ended. */
  operated(name: OperationName, measured: Measured): void {
    const instruments = currentInstruments();
    if (instruments === undefined) return;
    const attributes = this.#of(name, measured.error);
    instruments.measure("operationDuration", this.#sinceMs(measured), attributes);
  }

  /** A heartbeat begins; an early one is no delay. */
  beat(intervalMs: number): void {
    const nowMs = this.#client.clock.monotonicMs();
    const delayMs = nowMs - (this.#lastBeatMs ?? nowMs - intervalMs) - intervalMs;
    this.#lastBeatMs = nowMs;
    currentInstruments()?.measure("heartbeatDelay", Math.max(0, delayMs), this.#common);
  }

  /** Something happened to the client. */
  observe(event: KinsumerEvent): void {
    const nowMs = this.#client.clock.monotonicMs();
    switch (event.type) {
      case "shard-captured":
      case "checkpointed":
        if (this.#checkpointedMs.size < MAX_SHARDS) this.#checkpointedMs.set(event.shardId, nowMs);
        return;
      case "shard-released":
      case "shard-finished":
        return this.#forget(event.shardId);
      case "shard-lost":
        this.#forget(event.shardId);
        return this.#count("lostShards", { [ATTRIBUTES.reason]: event.reason });
      case "shard-stalled":
        return this.#count("stalledShards", { [ATTRIBUTES.reason]: event.waitingFor });
      case "rebalanced":
        return this.#count("rebalances", {});
      case "retried": {
        const facts = { [ATTRIBUTES.rpcMethod]: event.operation };
        const type = isKinsumerError(event.error) ? event.error.code : "_OTHER";
        if (type === "Throttled") this.#count("throttles", facts);
        return this.#count("retries", { ...facts, [ATTRIBUTES.errorType]: type });
      }
    }
  }

  /**
   * Lets gauges ask a client that runs.
   *
   * @returns ends it
   */
  watch(client: ObservedClient): () => void {
    const provider = currentMeterProvider();
    if (provider === undefined) return () => {};
    const own = { ...this.#common, [ATTRIBUTES.clientId]: this.#client.clientId };
    return observeGauges(provider.getMeter(INSTRUMENTATION_NAME), {
      ownedShards: (result) => result.observe(client.ownedCount, own),
      pausedShards: (result) => result.observe(client.pausedCount, own),
      bufferBytes: (result) => result.observe(client.bufferBytes, own),
      bufferLimit: (result) => result.observe(client.bufferLimit, own),
      lag: (result) => {
        for (const [shardId, lagMs] of this.#lags) result.observe(lagMs, this.#shard(shardId));
      },
      checkpointAge: (result) => {
        const nowMs = this.#client.clock.monotonicMs();
        for (const [shardId, atMs] of this.#checkpointedMs) {
          result.observe((nowMs - atMs) / 1_000, this.#shard(shardId));
        }
      },
    });
  }

  #forget(shardId: string): void {
    this.#lags.delete(shardId);
    this.#checkpointedMs.delete(shardId);
  }

  #count(metric: CounterName, attributes: Attributes): void {
    currentInstruments()?.count(metric, 1, { ...this.#common, ...attributes });
  }

  #shard(shardId: string): Attributes {
    return { ...this.#common, [ATTRIBUTES.shardId]: shardId };
  }

  #sinceMs({ startedMs }: Measured): number {
    return this.#client.clock.monotonicMs() - startedMs;
  }

  /** The attributes of an operation's metrics; kept, so that most measurements make none anew. */
  #of(name: OperationName, error?: Measured["error"]): Attributes {
    const type = error === undefined ? "" : errorType(error.thrown);
    const key = `${name} ${type}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const facts = OPERATIONS[name];
    const attributes = {
      ...this.#common,
      [ATTRIBUTES.operationName]: name,
      ...("type" in facts ? { [ATTRIBUTES.operationType]: facts.type } : {}),
      ...(type === "" ? {} : { [ATTRIBUTES.errorType]: type }),
    };
    if (this.#kept.size < MAX_SHARDS) this.#kept.set(key, attributes);
    return attributes;
  }
}

/** The instruments of the provider that was seen last: all clients of a process share them. */
let known: { readonly provider: MeterProvider; readonly instruments: Instruments } | undefined;

function currentInstruments(): Instruments | undefined {
  const provider = currentMeterProvider();
  if (provider === undefined) return undefined;
  if (known?.provider !== provider) {
    known = { provider, instruments: createInstruments(provider.getMeter(INSTRUMENTATION_NAME)) };
  }
  return known.instruments;
}

/** What the conventions advise for durations: seconds. */
const BOUNDARIES = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.075,
  0.1,
  0.25,
  0.5,
  0.75,
  1,
  2.5,
  5,
  7.5,
  10,
];

function createInstruments(meter: Meter): Instruments {
  const counters = new Map<CounterName, ReturnType<Meter["createCounter"]>>();
  const histograms = new Map<HistogramName, ReturnType<Meter["createHistogram"]>>();
  const advice = { explicitBucketBoundaries: BOUNDARIES };
  for (const [key, { name, kind, ...options }] of Object.entries(METRICS)) {
    if (kind === "counter") counters.set(key as CounterName, meter.createCounter(name, options));
    if (kind === "histogram") {
      const histogram = meter.createHistogram(name, { ...options, advice });
      histograms.set(key as HistogramName, histogram);
    }
  }
  return {
    count: (metric, value, attributes) => counters.get(metric)?.add(value, attributes),
    measure: (metric, ms, attributes) => histograms.get(metric)?.record(ms / 1_000, attributes),
  };
}

function observeGauges(
  meter: Meter,
  callbacks: Readonly<Record<GaugeName, (result: ObservableResult) => void>>,
): () => void {
  const ends = Object.entries(callbacks).map(([key, callback]) => {
    const { name, kind: _, ...options } = METRICS[key as GaugeName];
    const gauge = meter.createObservableGauge(name, options);
    gauge.addCallback(callback);
    return () => gauge.removeCallback(callback);
  });
  return () => {
    for (const end of ends) end();
  };
}
