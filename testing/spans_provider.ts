/**
 * Leads spans to the recorders: through one provider of our own that all of them share, or through
 * a user's. The one place that loads OpenTelemetry's SDK, and the API that is installed with it.
 *
 * A process has one global provider, and a tracer stays with the provider that it came from. So
 * ours is made once, and registered while somebody records.
 *
 * @module
 */

import type { trace as TraceApi } from "@opentelemetry/api";
import type { SdkSpan } from "./spans_model.ts";

/** Receives spans as the SDK's `SpanProcessor` does, and fits where one is asked for. */
export interface RecordingSpanProcessor {
  /** A span begins. */
  onStart(span: unknown, parentContext: unknown): void;
  /** A span has ended: it is recorded. */
  onEnd(span: unknown): void;
  /** Nothing waits; resolves at once. */
  forceFlush(): Promise<void>;
  /** Records nothing more. */
  shutdown(): Promise<void>;
}

/** What is needed of a provider of the user's. */
export interface SpanProviderLike {
  /** Makes a tracer. */
  getTracer(name: string): unknown;
}

/** What is used of OpenTelemetry's SDK, and of its API. */
export interface Sdk {
  readonly trace: typeof TraceApi;
  readonly InMemorySpanExporter: new () => MemoryExporter;
  readonly BasicTracerProvider: new (options: {
    readonly spanProcessors: readonly RecordingSpanProcessor[];
    readonly sampler: unknown;
  }) => SpanProviderLike;
  readonly AlwaysOnSampler: new () => unknown;
}

/** The SDK's store of spans. */
export interface MemoryExporter {
  export(spans: readonly SdkSpan[], done: (result: unknown) => void): void;
  getFinishedSpans(): readonly SdkSpan[];
  reset(): void;
}

/** What must be installed, and as which version. */
const PACKAGES = ["@opentelemetry/api@1", "@opentelemetry/sdk-trace-base@2"] as const;

/**
 * Loads the SDK, which only recording needs.
 *
 * @throws {Error} when it is not installed
 */
export async function loadSdk(
  importPackages: () => Promise<readonly object[]> = () =>
    Promise.all([import("@opentelemetry/api"), import("@opentelemetry/sdk-trace-base")]),
): Promise<Sdk> {
  try {
    const [api, sdk] = await importPackages();
    return { ...sdk, trace: (api as Pick<Sdk, "trace">).trace } as Sdk;
  } catch (cause) {
    const message =
      `Cannot record spans: OpenTelemetry's SDK and API are not installed (${installCommand()})`;
    throw new Error(message, { cause });
  }
}

function installCommand(): string {
  const globals = globalThis as { Deno?: unknown; Bun?: unknown };
  if (globals.Deno !== undefined) return `deno add --dev npm:${PACKAGES.join(" npm:")}`;
  if (globals.Bun !== undefined) return `bun add --dev ${PACKAGES.join(" ")}`;
  return `npm install --save-dev ${PACKAGES.join(" ")}`;
}

/** Hands each span on to all who listen. */
class SpanHub implements RecordingSpanProcessor {
  readonly listeners: Set<RecordingSpanProcessor> = new Set();

  onStart(span: unknown, parentContext: unknown): void {
    for (const each of this.listeners) each.onStart(span, parentContext);
  }

  onEnd(span: unknown): void {
    for (const each of this.listeners) each.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Ours, once somebody has recorded. */
let own: { readonly provider: SpanProviderLike; readonly hub: SpanHub } | undefined;

/** Providers of others that lead to a hub. */
const joined = new WeakMap<object, SpanHub>();

/**
 * Listens to the global provider: to ours, registered now, where there is none; else to the one
 * that is registered.
 *
 * @returns ends it, and unregisters ours after its last listener
 * @throws {Error} when the registered provider can take no further processor
 */
export function listenGlobally(sdk: Sdk, listener: RecordingSpanProcessor): () => void {
  const { trace } = sdk;
  const { provider, hub } = own ??= createOwn(sdk);
  const isOurs = registered(sdk) === provider || trace.setGlobalTracerProvider(provider as never);
  if (!isOurs) return listenTo(foreignProvider(), listener);
  hub.listeners.add(listener);
  return () => {
    hub.listeners.delete(listener);
    // Somebody may have put a provider of theirs in its place.
    if (hub.listeners.size === 0 && registered(sdk) === provider) trace.disable();
  };
}

function createOwn(sdk: Sdk): { readonly provider: SpanProviderLike; readonly hub: SpanHub } {
  const hub = new SpanHub();
  // A sampler of its own, because the SDK would take another from the environment.
  const sampler = new sdk.AlwaysOnSampler();
  return { provider: new sdk.BasicTracerProvider({ spanProcessors: [hub], sampler }), hub };
}

/** What stands behind the global provider. */
function registered({ trace }: Sdk): SpanProviderLike {
  return unwrapped(trace.getTracerProvider());
}

function unwrapped(provider: SpanProviderLike): SpanProviderLike {
  const { getDelegate } = provider as { getDelegate?: () => SpanProviderLike };
  return getDelegate?.call(provider) ?? provider;
}

function foreignProvider(): SpanProviderLike {
  const slot = (globalThis as { [name: symbol]: unknown })[Symbol.for("opentelemetry.js.api.1")];
  const { trace: found, version } = (slot ?? {}) as {
    readonly trace?: SpanProviderLike;
    readonly version?: string;
  };
  if (found !== undefined) return found;
  throw new Error(
    `Cannot record spans: version ${version} of "@opentelemetry/api" is in use already, beside ` +
      `another version that Kinsumer finds; keep one of them (npm ls @opentelemetry/api)`,
  );
}

/**
 * Listens to a provider of the user's.
 *
 * @returns ends it
 * @throws {Error} when it can take no further processor
 */
export function listenTo(
  given: SpanProviderLike,
  listener: RecordingSpanProcessor,
): () => void {
  const provider = unwrapped(given);
  const hub = joined.get(provider) ?? join(provider);
  hub.listeners.add(listener);
  return () => void hub.listeners.delete(listener);
}

/** Leads a provider's spans to a new hub. It cannot be undone, so it is done once a provider. */
function join(provider: SpanProviderLike): SpanHub {
  const hub = new SpanHub();
  const { addSpanProcessor, _activeSpanProcessor } = provider as {
    addSpanProcessor?: (processor: RecordingSpanProcessor) => void; // version 1 of the SDK
    // Version 2 takes its processors at construction only, and keeps them here.
    _activeSpanProcessor?: { readonly _spanProcessors?: RecordingSpanProcessor[] };
  };
  const processors = _activeSpanProcessor?._spanProcessors;
  if (typeof addSpanProcessor === "function") addSpanProcessor.call(provider, hub);
  else if (Array.isArray(processors) && !Object.isFrozen(processors)) processors.push(hub);
  else {
    throw new Error(
      "Cannot record spans: the provider that is in use takes no further processor; call " +
        "recordSpans({ register: false }) first, and make your provider with " +
        "spanProcessors: [spans.processor]",
    );
  }
  joined.set(provider, hub);
  return hub;
}
