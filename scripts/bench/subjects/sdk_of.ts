/**
 * Registers the OpenTelemetry SDK that a set-up asks for: parent-based sampling at 0, as in a service
 * that samples where its requests come in.
 *
 * @module
 */

import { metrics, trace } from "@opentelemetry/api";
import type { Setup } from "./meter.ts";

const EXPORT_INTERVAL_MS = 10_000;

/** Registers what the set-up names, before anything is made. */
export async function registerSdk({ telemetry }: Setup): Promise<void> {
  if (telemetry === undefined) return;
  const { BasicTracerProvider, ParentBasedSampler, TraceIdRatioBasedSampler } = await import(
    "@opentelemetry/sdk-trace-base"
  );
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0) });
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler }));
  if (telemetry === "traces") return;
  const {
    InMemoryMetricExporter,
    AggregationTemporality,
    MeterProvider,
    PeriodicExportingMetricReader,
  } = await import("@opentelemetry/sdk-metrics");
  const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: EXPORT_INTERVAL_MS,
  });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
}
