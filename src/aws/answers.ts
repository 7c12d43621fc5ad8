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
    return this.#optional(name, "a string", (value) => typeof value === "string");
  }

  optionalNumber(name: string): number | undefined {
    return this.#optional(name, "a number", (value) => typeof value === "number");
  }

  optionalBoolean(name: string): boolean | undefined {
    return this.#optional(name, "a boolean", (value) => typeof value === "boolean");
  }

  /** @throws {KinsumerError} `MalformedAnswer` when it is not a list */
  list(name: string): readonly unknown[] {
    return this.optionalList(name) ?? this.#fail(name, "is missing");
  }

  optionalList(name: string): readonly unknown[] | undefined {
    return this.#optional(name, "a list", Array.isArray);
  }

  optionalFields(name: string): Fields | undefined {
    return this.#optional(name, "an object", isFields);
  }

  /**
   * Reads the fields of an object in it.
   *
   * @param missing what stands for it where it is missing; absent: it must be there
   * @throws {KinsumerError} `MalformedAnswer` when it is not an object
   */
  within(name: string, missing?: Fields): AnswerReader {
    const fields = this.optionalFields(name) ?? missing ?? this.#fail(name, "is missing");
    return new AnswerReader(this.#operation, fields);
  }

  #optional<Value>(
    name: string,
    kind: string,
    isOfKind: (value: unknown) => value is Value,
  ): Value | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined || isOfKind(value)) return value;
    return this.#fail(name, `is not ${kind}`);
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

/** Whether a value is an object with fields: no list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
