/**
 * For the tests of an application that consumes a stream: local servers that need no account and no
 * network, and a simulation that needs no time.
 *
 * @module
 */

export {
  type EmbeddedServers,
  type EmbeddedServersOptions,
  startEmbeddedServers,
} from "./local_servers.ts";
export { recordSpans } from "./spans.ts";
export type {
  RecordSpansOptions,
  SpanRecorder,
  SpanTestContext,
  WaitForSpanOptions,
} from "./spans.ts";
export { assertNoSpan, assertSpan, type SpanSource } from "./spans_assert.ts";
export type { ExpectedAttribute, ExpectedSpan } from "./spans_match.ts";
export type {
  RecordedSpan,
  RecordedSpanEvent,
  RecordedSpanLink,
  SpanAttribute,
  SpanAttributes,
  SpanKindName,
  SpanStatusName,
} from "./spans_model.ts";
export type { RecordingSpanProcessor, SpanProviderLike } from "./spans_provider.ts";
export type { SpanFacts, SpanFilter } from "./spans_store.ts";
export type { TimelineOptions } from "./spans_timeline.ts";
export { assertSpanTree, type ExpectedSpanTree, type SpanTreeOptions } from "./spans_tree.ts";
export {
  type SimulatedClientOptions,
  type SimulatedKinesis,
  simulateKinesis,
  type SimulateKinesisOptions,
} from "./simulated.ts";
export type { ConsumeAllOptions } from "./simulated_consume.ts";
export type {
  SimulatedFault,
  SimulatedFaultOptions,
  SimulatedOperation,
} from "./simulated_faults.ts";
export type { SimulatedRecord } from "./simulated_payloads.ts";
export {
  openStreams,
  type PutRecord,
  type PutResult,
  type Streams,
  type StreamsOptions,
} from "./streams.ts";
