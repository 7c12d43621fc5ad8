/**
 * The worker with spans: OpenTelemetry's API and SDK, and this library's telemetry, are bundled with
 * it, beside the file for isolates, which knows of neither. Answers with the spans of its run.
 *
 * @module
 */

import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { openTelemetry } from "../../mod.ts";
import { serve } from "./worker.ts";

/** A span, as far as the test looks at it. */
export interface EdgeSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly isError: boolean;
}

const ERROR = 2;
const exporter = new InMemorySpanExporter();

const worker: { fetch(request: Request): Promise<Response> } = {
  async fetch(request) {
    // Not at the top: an isolate may neither draw random numbers nor read the time there.
    if (exporter.getFinishedSpans().length === 0) {
      const spanProcessors = [new SimpleSpanProcessor(exporter)];
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    }
    const answer = await serve(request, { telemetry: openTelemetry() });
    const spans = exporter.getFinishedSpans().map((span): EdgeSpan => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId,
      isError: span.status.code === ERROR,
    }));
    return Response.json({ ...await answer.json() as object, spans });
  },
};

// The form that workerd asks for.
export { worker as default };
