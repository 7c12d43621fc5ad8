/**
 * Asks in CBOR or JSON, and hands the answer over unread, for who reads it by a way of its own.
 *
 * @module
 */

import type { FetchResponse } from "../runtime.ts";
import { RawAnswer, type Wire } from "./answers.ts";
import { isSuccess, type RawExchange, type Received } from "./call.ts";
import { decodeCbor, encodeCbor } from "./cbor.ts";

/** Bodies as they come: asked for in JSON. */
const JSON_EXCHANGE: RawExchange = { wire: "json", read: receive };

/** Bodies as they come: asked for in CBOR. */
const CBOR_EXCHANGE: RawExchange = {
  wire: "cbor",
  write: (input) => ({
    contentType: "application/x-amz-cbor-1.1",
    body: encodeCbor(input as Readonly<Record<string, unknown>>),
  }),
  read: receive,
};

/** How one wire is asked in. Its answers are {@link RawAnswer}s. */
export function rawExchange(wire: Wire): RawExchange {
  return wire === "cbor" ? CBOR_EXCHANGE : JSON_EXCHANGE;
}

/** Reads an answer, always to its end, so that the socket can be used again. */
async function receive(response: FetchResponse): Promise<Received> {
  const { status, headers } = response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const wire = headers.get("content-type")?.includes("cbor") ? "cbor" : "json";
  if (!isSuccess(status)) return { status, headers, body: textOf(bytes, wire) };
  if (bytes.length === 0) return { status, headers, body: "" };
  return { status, headers, body: "", raw: new RawAnswer(wire, bytes) };
}

/** What a failure says, as JSON; nothing where it cannot be read. */
function textOf(bytes: Uint8Array, wire: Wire): string {
  if (wire === "json") return new TextDecoder().decode(bytes);
  try {
    return JSON.stringify(decodeCbor(bytes)) ?? "";
  } catch {
    return "";
  }
}
