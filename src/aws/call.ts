/**
 * Speaks AWS's JSON protocol: signs one request, sends it, times it out, parses the answer and maps
 * the failure. One attempt; {@link retrying} repeats it.
 *
 * @module
 */

import { KinsumerError, type KinsumerErrorCode, type KinsumerErrorFacts } from "../errors.ts";
import type { FetchResponse, Runtime, Signer, SignerEndpoint } from "../runtime.ts";
import type { RawAnswer, Wire } from "./answers.ts";
import type { Credentials, CredentialsSource } from "./credentials.ts";
import { withDeadline } from "./deadline.ts";
import {
  type Answer,
  type AwsService,
  cannotCall,
  failureOf,
  mayNewCredentialsHelp,
  maySkewExplain,
  type Request,
  requestIdOf,
} from "./failures.ts";
import { isSameCredentials } from "./opaque_credentials.ts";
import { createSigner } from "./signing.ts";

/** What may be said about one call. */
export interface AwsCallOptions {
  /** Gives the call up: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call fails with `RequestTimeout`. @default the client's timeout */
  readonly timeoutMs?: number | undefined;
  /**
   * Asks by this, and hands the answer over unread, as a {@link RawAnswer}: so that who is content
   * with JSON does without. Absent: asks in JSON, and reads the answer.
   */
  readonly raw?: RawExchange | undefined;
  /** Told of each answer, a failure's too. */
  readonly onAnswer?: ((answer: AnswerFacts) => void) | undefined;
  /** Told of each repetition, by what repeats this call. */
  readonly onRetry?: ((retry: RetryFacts) => void) | undefined;
}

/** How bodies are written, and received unread. */
export interface RawExchange {
  /** What is asked for. */
  readonly wire: Wire;
  /** Absent: in JSON. */
  readonly write?: (input: unknown) => Pick<Outgoing, "contentType" | "body">;
  /** Reads an answer to its end. */
  readonly read: (response: FetchResponse) => Promise<Received>;
}

/** What identifies an answer. */
export interface AnswerFacts {
  readonly httpStatus: number;
  /** The ID under which the service knows the request. */
  readonly requestId: string | undefined;
}

/** One repetition, as it is about to happen. */
export interface RetryFacts {
  /** Which attempt failed: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next. */
  readonly delayMs: number;
  readonly error: KinsumerError;
}

/**
 * One call of one AWS service.
 *
 * @param target for example `Kinesis_20131202.GetRecords`
 * @param input the request's JSON document
 * @returns the answer's JSON document; `undefined` when the answer is empty, which is how Kinesis
 * says that there is nothing to say
 * @throws {KinsumerError} when the call fails; see its code and whether it is retryable
 */
export type AwsCall = (
  target: string,
  input: unknown,
  options?: AwsCallOptions,
) => Promise<unknown>;

/** Whom an {@link AwsCall} speaks to, and as whom. */
export interface AwsCallConfig {
  readonly service: AwsService;
  /** For example `https://kinesis.eu-west-1.amazonaws.com`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: CredentialsSource;
  readonly runtime: Runtime;
  /** Milliseconds that one call may take, the answer's body included. */
  readonly timeoutMs: number;
}

/** Our clock is taken to be wrong when the service's differs by more than this. */
const MAX_CLOCK_SKEW_MS = 10_000;

const CONTENT_TYPES: Readonly<Record<AwsService, string>> = {
  kinesis: "application/x-amz-json-1.1",
  dynamodb: "application/x-amz-json-1.0",
};

/**
 * Makes the function that calls one service.
 *
 * A call is one attempt, with two exceptions that cost the service nothing: it signs once more when
 * our clock turns out to be wrong, and once more when the credentials have expired and there are
 * newer ones.
 *
 * @throws {TypeError} when the endpoint is not a URL
 */
export function createAwsCall(config: AwsCallConfig): AwsCall {
  return createSignedCall(config, createSigner);
}

/**
 * Makes that function with another signer, for who does without aws4fetch.
 *
 * @param sign makes the signer, where the runtime has none of its own
 */
export function createSignedCall(config: AwsCallConfig, sign: CreateSigner): AwsCall {
  const caller = new AwsCaller(config, config.runtime.createSigner ?? sign);
  return (target, input, options) => caller.call(target, input, options);
}

type CreateSigner = (endpoint: SignerEndpoint) => Signer;

/** A request that is about to be sent. */
export interface Outgoing extends Request {
  readonly target: string;
  readonly contentType: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly raw: RawExchange | undefined;
}

/** An answer with what it said, where it succeeded. */
export interface Received extends Answer {
  readonly raw?: RawAnswer;
}

class AwsCaller {
  readonly #config: AwsCallConfig;
  readonly #host: string;
  readonly #sign: Signer;
  /** The service's clock minus ours, in milliseconds; 0 until a signature was refused for it. */
  #clockOffsetMs = 0;

  constructor(config: AwsCallConfig, sign: CreateSigner) {
    this.#config = config;
    const { service, region } = config;
    const { host, href } = new URL(config.endpoint);
    this.#host = host;
    this.#sign = sign({ url: href, service, region });
  }

  async call(target: string, input: unknown, options: AwsCallOptions = {}): Promise<unknown> {
    const { service, runtime } = this.#config;
    const operation = target.slice(target.lastIndexOf(".") + 1);
    const { raw } = options;
    const request = {
      service,
      host: this.#host,
      operation,
      subject: subjectOf(input),
      target,
      raw,
      ...raw?.write?.(input) ??
        { contentType: CONTENT_TYPES[service], body: JSON.stringify(input) },
    };
    const timeoutMs = options.timeoutMs ?? this.#config.timeoutMs;
    let lacks = "credentials";
    const onSend = (): void => void (lacks = `answer from ${request.host}`);
    const timeoutError = (): Error =>
      passingFailure("RequestTimeout", request, `no ${lacks} within ${timeoutMs} ms`);
    const deadline = { clock: runtime.clock, timeoutMs, signal: options.signal, timeoutError };
    const { onAnswer } = options;
    return await withDeadline(
      deadline,
      (signal) => this.#exchange(request, signal, { onAnswer, onSend }),
    );
  }

  async #exchange(
    request: Outgoing,
    signal: AbortSignal,
    { onAnswer, onSend }: Pick<AwsCallOptions, "onAnswer"> & { readonly onSend: () => void },
  ): Promise<unknown> {
    let credentials = await this.#config.credentials.get(signal);
    onSend();
    let hasSignedAgain = false;
    let hasRefreshed = false;
    for (;;) {
      const offsetMs = this.#clockOffsetMs;
      const answer = await this.#send(request, { credentials, offsetMs, signal });
      onAnswer?.({ httpStatus: answer.status, requestId: requestIdOf(answer.headers) });
      if (isSuccess(answer.status)) return answer.raw ?? documentOf(request, answer);
      const failure = failureOf(request, answer);
      if (!hasSignedAgain && maySkewExplain(failure) && this.#correctClock(answer, offsetMs)) {
        hasSignedAgain = true;
        continue;
      }
      if (hasRefreshed || !mayNewCredentialsHelp(failure)) throw failure;
      const refused = credentials;
      this.#config.credentials.invalidate(refused);
      credentials = await this.#config.credentials.get(signal);
      if (isSameCredentials(refused, credentials)) throw failure;
      hasRefreshed = true;
    }
  }

  async #send(
    request: Outgoing,
    by: {
      readonly credentials: Credentials;
      readonly offsetMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<Received> {
    const { runtime } = this.#config;
    const { credentials, offsetMs, signal } = by;
    const { target, body, contentType } = request;
    const headers = { "content-type": contentType, "x-amz-target": target };
    const nowMs = runtime.clock.nowMs() + offsetMs;
    const signed = await this.#sign({ headers, body, credentials, nowMs });
    if (signal.aborted) throw signal.reason;
    try {
      const sent = { method: "POST", headers: signed.headers, body, signal };
      const response = await runtime.fetch(signed.url, sent);
      return await receive(request, response);
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw passingFailure("NetworkFailure", request, `the network to ${request.host} failed`, {
        cause,
      });
    }
  }

  /**
   * Takes the service's time from its answer, if ours was wrong when the request was signed.
   *
   * @param offsetMs what that signature took for the difference: another call may have corrected
   * it since
   */
  #correctClock(answer: Answer, offsetMs: number): boolean {
    const theirsMs = Date.parse(answer.headers.get("date") ?? "");
    const oursMs = this.#config.runtime.clock.nowMs();
    const isWrong = Math.abs(theirsMs - (oursMs + offsetMs)) > MAX_CLOCK_SKEW_MS;
    if (isWrong) this.#clockOffsetMs = theirsMs - oursMs;
    return isWrong;
  }
}

/** Whether an answer is what was asked for. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Reads an answer, always to its end, so that the socket can be used again. */
async function receive({ raw }: Outgoing, response: FetchResponse): Promise<Received> {
  if (raw !== undefined) return await raw.read(response);
  const { status, headers } = response;
  return { status, headers, body: await response.text() };
}

/** The answer's document. The parser's error is left out: it would quote the answer. */
function documentOf(request: Request, answer: Answer): unknown {
  if (answer.body === "") return undefined;
  try {
    return JSON.parse(answer.body);
  } catch {
    throw passingFailure("MalformedAnswer", request, "the answer is not JSON", {
      httpStatus: answer.status,
      requestId: requestIdOf(answer.headers),
    });
  }
}

/** A failure that is not the service's own, and may not come again. */
function passingFailure(
  code: KinsumerErrorCode,
  request: Request,
  state: string,
  facts?: KinsumerErrorFacts,
): KinsumerError {
  const { operation } = request;
  const message = `${cannotCall(request)}: ${state}`;
  return new KinsumerError(code, message, { operation, retryable: true, ...facts });
}

/** What a request may name. */
interface Subject {
  readonly StreamARN?: string;
  readonly StreamName?: string;
  readonly TableName?: string;
}

/** The stream or table that a request names. */
function subjectOf(input: unknown): string | undefined {
  if (typeof input !== "object" || input === null) return undefined;
  const { StreamARN, StreamName = StreamARN, TableName } = input as Subject;
  return StreamName !== undefined ? `stream "${StreamName}"` : TableName && `table "${TableName}"`;
}
