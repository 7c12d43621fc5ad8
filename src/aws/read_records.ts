/**
 * Reads records in CBOR or JSON: asks in the one that is wanted, goes over to JSON where a service
 * does not take CBOR, and reads the answer by the fastest way that its form allows.
 *
 * @module
 */

import { KinsumerError, type KinsumerErrorCode } from "../errors.ts";
import { malformed, RawAnswer, type Wire } from "./answers.ts";
import type { AwsCall } from "./call.ts";
import { decodeCbor } from "./cbor.ts";
import { scanCborAnswer } from "./cbor_records.ts";
import { scanJsonAnswer } from "./json_records.ts";
import { GET_RECORDS, readDocument, type RecordsReader } from "./documents.ts";
import type { RecordsAnswer } from "./kinesis.ts";
import { rawExchange } from "./raw_exchange.ts";

/** Failures that a service may answer with because it does not know CBOR. */
const MAY_REFUSE_WIRE: ReadonlySet<KinsumerErrorCode> = new Set<KinsumerErrorCode>([
  "AccessDenied",
  "MalformedAnswer",
  "RequestRejected",
  "ServiceFailure",
  "StreamNotFound",
]);

/** A service may fail for a moment: so often at least where it fails because of CBOR. */
const MIN_SERVICE_FAILURES = 3;

/** The wire that one service is asked in. Several readers of it may share what they learn. */
export class WireChoice {
  readonly #onRefused: ((error: KinsumerError) => void) | undefined;
  #wire: Wire;
  #hasAnswered = false;
  #serviceFailures = 0;

  /** @param onRefused is told, once, that the service does not take CBOR: reads go on in JSON */
  constructor(wire: Wire, onRefused?: (error: KinsumerError) => void) {
    this.#wire = wire;
    this.#onRefused = onRefused;
  }

  get wire(): Wire {
    return this.#wire;
  }

  /** Whether it has answered in CBOR. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  answered(): void {
    this.#hasAnswered = true;
  }

  /** Goes over to JSON, because CBOR failed where JSON did not. */
  refused(error: KinsumerError): void {
    if (this.#wire === "json") return; // another shard's read was quicker
    if (!isSuspect(error, this.#hasAnswered)) return; // it has answered another shard's meanwhile
    if (error.code === "ServiceFailure" && ++this.#serviceFailures < MIN_SERVICE_FAILURES) return;
    this.#wire = "json";
    this.#onRefused?.(error);
  }
}

/** Makes the function that reads records. */
export function createRecordsReader(
  { call, wire }: { readonly call: AwsCall; readonly wire: WireChoice },
): RecordsReader {
  const read = async (asked: Wire, input: unknown, signal: AbortSignal | undefined) =>
    readRecordsAnswer(await call(GET_RECORDS, input, { signal, raw: rawExchange(asked) }));
  return async (input, signal) => {
    if (wire.wire === "json") return await read("json", input, signal);
    try {
      const answer = await read("cbor", input, signal);
      wire.answered();
      return answer;
    } catch (error) {
      if (!isSuspect(error, wire.hasAnswered)) throw error;
      // Is it the wire? Then the same question is answered in JSON.
      const answer = await read("json", input, signal);
      wire.refused(error);
      return answer;
    }
  };
}

/**
 * Whether a failure may come of the wire. A service that has answered in CBOR before knows it, but
 * may not know it well: kinesalite cuts long answers short.
 */
function isSuspect(error: unknown, hasAnswered: boolean): error is KinsumerError {
  if (!(error instanceof KinsumerError)) return false;
  return hasAnswered ? error.code === "MalformedAnswer" : MAY_REFUSE_WIRE.has(error.code);
}

/** What a call brought: a body, or the document of an {@link AwsCall} that reads by itself. */
function readRecordsAnswer(answer: unknown): RecordsAnswer {
  if (!(answer instanceof RawAnswer)) return readDocument(answer);
  const { bytes, wire } = answer;
  try {
    const fields = wire === "cbor" ? scanCborAnswer(bytes) : scanJsonAnswer(bytes);
    if (fields !== undefined) return { ...fields, byteLength: bytes.length };
    return { ...readDocument(parse(answer)), byteLength: bytes.length };
  } catch (error) {
    if (error instanceof KinsumerError) throw error;
    throw malformed("GetRecords", `it is not ${wire === "cbor" ? "CBOR" : "JSON"}`);
  }
}

function parse({ wire, bytes }: RawAnswer): unknown {
  return wire === "cbor" ? decodeCbor(bytes) : JSON.parse(new TextDecoder().decode(bytes));
}
