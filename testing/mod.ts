/**
 * For the tests of an application that consumes a stream: a local Kinesis and DynamoDB in one line,
 * with faults on demand; a simulation that needs no time; spans that can be asserted.
 *
 * @module
 */

export { startLocalKinesis } from "./local_kinesis.ts";
export type {
  LocalClientOptions,
  LocalCredentials,
  LocalKinesis,
  StreamShape,
} from "./local_model.ts";
export type { LocalBackend, LocalKinesisOptions } from "./local_options.ts";
export { LocalKinesisError, type LocalKinesisErrorCode } from "./local_error.ts";
export type { LocalEntry, LocalPayload, LocalRecord } from "./local_records.ts";
export type { ApplicationTables } from "./local_tables.ts";
export type { Consumable, ConsumeAllOptions } from "./consume_all.ts";
export type { LocalFault, LocalFaults, LostAnswer } from "./local_faults.ts";
export type { FaultEffect, FaultKind, FaultScope, StruckRequest } from "./fault_proxy_faults.ts";
export type { SdkConfig, SdkRequest, SdkRequestHandler, SdkResponse } from "./local_sdk.ts";
export { imageFiles } from "./backends/image.ts";
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
export type {
  SimulatedFault,
  SimulatedFaultOptions,
  SimulatedOperation,
} from "./simulated_faults.ts";
export type { SimulatedRecord } from "./simulated_payloads.ts";
export {
  type HashKeyRange,
  openStreams,
  type PutRecord,
  type PutResult,
  type Streams,
  type StreamsOptions,
} from "./streams.ts";
