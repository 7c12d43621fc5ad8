/**
 * Records the spans of a test, to be searched, awaited, asserted and drawn.
 *
 * @module
 */

import process from "node:process";
import { systemRuntime } from "../src/runtime.ts";
import { matchesName, show, summarize } from "./spans_match.ts";
import type { RecordedSpan } from "./spans_model.ts";
import {
  listenGlobally,
  listenTo,
  loadSdk,
  type RecordingSpanProcessor,
  type SpanProviderLike,
} from "./spans_provider.ts";
import { type SpanFilter, SpanStore } from "./spans_store.ts";
import { drawTimeline, type TimelineOptions } from "./spans_timeline.ts";

/** How spans are recorded. */
export interface RecordSpansOptions {
  /**
   * Which spans to record, so that tests that run side by side do not see each other's: facts of a
   * client, or a function. A span below one that is recorded is recorded too. Absent: all.
   */
  readonly filter?: SpanFilter | undefined;
  /**
   * A provider of yours, whose spans are recorded. It need not be the global one. Absent: the
   * global provider; where there is none, one is registered until the last recorder stops.
   */
  readonly provider?: SpanProviderLike | undefined;
  /**
   * `false` registers nothing and listens to nobody: give {@linkcode SpanRecorder.processor} to a
   * provider of yours. @default {true}
   */
  readonly register?: boolean | undefined;
  /** Where a timeline is printed. @default {standard error} */
  readonly write?: ((text: string) => void) | undefined;
}

/** How long to wait for a span. */
export interface WaitForSpanOptions {
  /** Milliseconds of real time, 0 to 3,600,000. @default {5000} */
  readonly timeoutMs?: number | undefined;
}

/** The context of a test of `node:test`, or of Vitest. */
export interface SpanTestContext {
  /** Calls the hook when the test has ended: `node:test`'s way. */
  after?(hook: () => void): unknown;
  /** Node's word on the test, once it has ended. */
  readonly passed?: boolean | undefined;
  /** Calls the hook when the test has failed: Vitest's way. */
  onTestFailed?(hook: () => void): unknown;
}

/** The spans of a test. */
export interface SpanRecorder {
  /** Feeds this recorder; fits into `spanProcessors` of a provider of the SDK. */
  readonly processor: RecordingSpanProcessor;
  /** All that have ended, in the order in which they started. */
  all(): readonly RecordedSpan[];
  /** Those with this name, or whose name matches. */
  named(name: string | RegExp): readonly RecordedSpan[];
  /**
   * The first span that is named so or accepted; waits for it if it has not ended yet.
   *
   * @throws {Error} when there is none in time, with what was recorded instead
   */
  waitFor(
    wanted: string | RegExp | ((span: RecordedSpan) => boolean),
    options?: WaitForSpanOptions,
  ): Promise<RecordedSpan>;
  /** A picture, in text, of what happened when, on which client and shard. */
  timeline(options?: TimelineOptions): string;
  /** Prints the timeline when this test fails. For other runners: {@linkcode during}. */
  printOnFailure(test: SpanTestContext): void;
  /** Does the work; prints the timeline when it throws, and throws the same. */
  during<Result>(work: () => Result | Promise<Result>): Promise<Result>;
  /** Forgets what was recorded. */
  clear(): void;
  /** Records no more. What was recorded stays. May be repeated. */
  stop(): Promise<void>;
  /** Stops recording, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const LONGEST_TIMEOUT_MS = 3_600_000;

/**
 * Records spans from now on: Kinsumer's and all others of this process.
 *
 * Needs the packages `@opentelemetry/api` and `@opentelemetry/sdk-trace-base`. Several recorders may be at work; each sees
 * all, or what its filter lets through. What the sampler of a provider of yours leaves out is not
 * seen.
 *
 * ```ts
 * import { assertSpan, recordSpans } from "kinsumer/testing";
 *
 * const spans = await recordSpans({ filter: { streamName: "orders" } });
 * // … the application consumes …
 * await spans.waitFor("commit orders");
 * assertSpan(spans, { name: "read orders", attributes: { "messaging.batch.message_count": 3 } });
 * console.log(spans.timeline());
 * await spans.stop();
 * ```
 *
 * @throws {Error} when one of them is missing, or the registered provider takes no further processor
 */
export async function recordSpans(options: RecordSpansOptions = {}): Promise<SpanRecorder> {
  const { filter, provider, register = true, write = printError } = options;
  if (provider !== undefined && options.register === false) {
    throw new TypeError('Cannot record spans: give "provider" or "register: false", not both');
  }
  const sdk = await loadSdk();
  const store = new SpanStore(sdk, filter);
  let unlisten = () => {};
  if (provider !== undefined) unlisten = listenTo(provider, store);
  else if (register) unlisten = listenGlobally(sdk, store);
  return createRecorder({ store, unlisten, write });
}

function printError(text: string): void {
  process.stderr.write(text);
}

function createRecorder(
  { store, unlisten, write }: {
    readonly store: SpanStore;
    readonly unlisten: () => void;
    readonly write: (text: string) => void;
  },
): SpanRecorder {
  let isStopped = false;
  const timeline = (options?: TimelineOptions) =>
    drawTimeline({ spans: store.all(), open: store.open() }, options);
  const print = (what: string) => write(`\nSpans of ${what}:\n${timeline()}\n`);
  const stop = (): Promise<void> => {
    if (!isStopped) unlisten();
    isStopped = true;
    store.close();
    return Promise.resolve();
  };
  return {
    processor: store,
    all: () => store.all(),
    named: (name) => store.all().filter((span) => matchesName(span.name, name)),
    waitFor: (wanted, given = {}) => waitForSpan(store, wanted, given),
    timeline,
    printOnFailure: (test) => onFailure(test, () => print("the test that failed")),
    during: async (work) => {
      try {
        return await work();
      } catch (error) {
        print("the work that failed");
        throw error;
      }
    },
    clear: () => store.clear(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function onFailure(test: SpanTestContext, print: () => void): void {
  if (test.onTestFailed !== undefined) {
    test.onTestFailed(print);
  } else if (test.after !== undefined && "passed" in test) {
    test.after(() => {
      if (test.passed === false) print();
    });
  } else {
    throw new TypeError(
      "Cannot print on failure: this runner does not tell a test whether it passed; use " +
        "spans.during() around its work",
    );
  }
}

async function waitForSpan(
  store: SpanStore,
  wanted: string | RegExp | ((span: RecordedSpan) => boolean),
  { timeoutMs = DEFAULT_TIMEOUT_MS }: WaitForSpanOptions,
): Promise<RecordedSpan> {
  if (!(timeoutMs >= 0 && timeoutMs <= LONGEST_TIMEOUT_MS)) {
    throw new RangeError(`timeoutMs is ${timeoutMs}, allowed are 0 to ${LONGEST_TIMEOUT_MS}`);
  }
  const isWanted = typeof wanted === "function"
    ? wanted
    : (span: RecordedSpan) => matchesName(span.name, wanted);
  const earlier = store.all().find(isWanted);
  if (earlier !== undefined) return earlier;
  const done = new AbortController();
  const next = store.next(isWanted, done.signal);
  const timeout = systemRuntime().clock.sleep(timeoutMs, done.signal);
  try {
    const found = await Promise.race([next, timeout]);
    if (found !== undefined) return found;
  } finally {
    done.abort();
  }
  const what = typeof wanted === "function" ? "Such a span" : `A span named ${show(wanted)}`;
  const open = store.open();
  throw new Error(
    `${what} was not recorded within ${timeoutMs} ms; recorded: ${summarize(store.all())}` +
      (open.length === 0 ? "" : `; not ended: ${summarize(open)}`),
  );
}
