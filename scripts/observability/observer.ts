/**
 * Records what clients really tell: spans by the toolkit's recorder, metrics by an in-memory reader,
 * events, and lines of the log.
 *
 * @module
 */

import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import type { KinsumerEvent, KinsumerOptions, Logger } from "../../mod.ts";
import { type RecordedSpan, recordSpans } from "../../testing/mod.ts";

/** A measurement. */
export interface SeenPoint {
  readonly metric: string;
  readonly kind: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A line of the log. */
export interface SeenLine {
  readonly level: keyof Logger;
  readonly message: string;
}

/** What was seen. */
export interface Seen {
  readonly spans: readonly RecordedSpan[];
  readonly points: readonly SeenPoint[];
  readonly events: readonly KinsumerEvent[];
  readonly lines: readonly SeenLine[];
}

/** Watches all clients of this process. */
export interface Observer {
  /** The options by which a client tells its events and its log. */
  readonly options: Required<Pick<KinsumerOptions, "onEvent" | "logger">>;
  /** Reads the metrics as they stand now: gauges speak only of clients that run. */
  collect(): Promise<void>;
  /** Everything until now. */
  seen(): Seen;
  stop(): Promise<void>;
}

const NEVER_MS = 3_600_000;

/** Begins to watch. */
export async function observe(): Promise<Observer> {
  const spans = await recordSpans();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: NEVER_MS });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  const events: KinsumerEvent[] = [];
  const lines: SeenLine[] = [];
  const points: SeenPoint[] = [];
  return {
    options: { onEvent: (event) => void events.push(event), logger: noting(lines) },
    collect: async () => {
      exporter.reset();
      await provider.forceFlush();
      points.push(...pointsOf(exporter));
    },
    seen: () => ({ spans: spans.all(), points, events, lines }),
    stop: async () => {
      await spans.stop();
      metrics.disable();
      await provider.shutdown();
    },
  };
}

function noting(lines: SeenLine[]): Logger {
  const write = (level: keyof Logger) => (message: string) => void lines.push({ level, message });
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

function pointsOf(exporter: InMemoryMetricExporter): readonly SeenPoint[] {
  const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  return scopes.flatMap((scope) => scope.metrics).flatMap((metric) => {
    const { name, unit } = metric.descriptor;
    const isSum = metric.dataPointType === DataPointType.SUM;
    const kind = isSum
      ? (metric.isMonotonic ? "counter" : "up-down counter")
      : metric.dataPointType === DataPointType.GAUGE
      ? "gauge"
      : "histogram";
    return metric.dataPoints.map(({ attributes }) => ({ metric: name, kind, unit, attributes }));
  });
}
