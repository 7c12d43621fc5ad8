/**
 * Narrows the documents that a service answers with. What is missing and what is `null` are the
 * same; what has the wrong type is a `MalformedAnswer`, which names the field and never its value.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";

/** How a service writes its documents. */
export type Wire = "json" | "cbor";

/** An answer that was asked for unread: its body as it came. */
export class RawAnswer {
  /** What the body is written in, whatever was asked for. */
  readonly wire: Wire;
  readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(wire: Wire, bytes: Uint8Array<ArrayBuffer>) {
    this.wire = wire;
    this.bytes = bytes;
  }
}

/** An object of an answer. */
export type Fields = { readonly [name: string]: unknown };

/** Reads the fields of one object of an answer. */
export class AnswerReader {
  readonly #operation: string;
  readonly #fields: Fields;

  /**
   * @param operation whose answer it is, for the error
   * @throws {KinsumerError} `MalformedAnswer` when the answer is not an object
   */
  constructor(operation: string, answer: unknown) {
    this.#operation = operation;
    if (!isFields(answer)) throw malformed(operation, "it is not an object");
    this.#fields = answer;
  }

  /** @throws {KinsumerError} `MalformedAnswer` when it is not a string */
  text(name: string): string {
    return this.optionalText(name) ?? this.#fail(name, "is missing");
  }

  optionalText(name: string): string | undefined {
    const value = this.#fields[name] ?? undefined;
    return value === undefined || typeof value === "string"
      ? value
      : this.#fail(name, "is not a string");
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#fields[name] ?? undefined;
    return value === undefined || typeof value === "number"
      ? value
      : this.#fail(name, "is not a number");
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.#fields[name] ?? undefined;
    return value === undefined || typeof value === "boolean"
      ? value
      : this.#fail(name, "is not a boolean");
  }

  /** @throws {KinsumerError} `MalformedAnswer` when it is not a list */
  list(name: string): readonly unknown[] {
    return this.optionalList(name) ?? this.#fail(name, "is missing");
  }

  optionalList(name: string): readonly unknown[] | undefined {
    const value = this.#fields[name] ?? undefined;
    return value === undefined || Array.isArray(value) ? value : this.#fail(name, "is not a list");
  }

  /** @throws {KinsumerError} `MalformedAnswer` when it is not an object */
  fields(name: string): Fields {
    return this.optionalFields(name) ?? this.#fail(name, "is missing");
  }

  optionalFields(name: string): Fields | undefined {
    const value = this.#fields[name] ?? undefined;
    return value === undefined || isFields(value) ? value : this.#fail(name, "is not an object");
  }

  #fail(name: string, flaw: string): never {
    throw malformed(this.#operation, `"${name}" ${flaw}`);
  }
}

/** An answer that is not what the service documents. Worth another try: a proxy may have cut it. */
export function malformed(operation: string, flaw: string): KinsumerError {
  const message = `Cannot read the answer of "${operation}": ${flaw}`;
  return new KinsumerError("MalformedAnswer", message, { operation, retryable: true });
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
