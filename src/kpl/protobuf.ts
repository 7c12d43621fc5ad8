/**
 * Reads the fields of a message in protocol buffers, as far as whole numbers and bytes go.
 *
 * The format: https://protobuf.dev/programming-guides/encoding/
 *
 * @module
 */

/** A field of a message. */
export interface Field {
  readonly number: number;
  /** Of a whole number. Above 2^53 it is not exact. */
  readonly value?: number;
  /** Of bytes, a text or a message: a view. */
  readonly bytes?: Uint8Array;
}

/** No whole number has more bytes. */
const MAX_VARINT_BYTES = 10;

/** The fields, in their order; `undefined` where the bytes are no such message. */
export function readFields(message: Uint8Array): readonly Field[] | undefined {
  const fields: Field[] = [];
  const reader = new Reader(message);
  while (!reader.isAtEnd) {
    const field = reader.field();
    if (field === undefined) return undefined;
    fields.push(field);
  }
  return fields;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  field(): Field | undefined {
    const tag = this.#varint();
    if (tag === undefined) return undefined;
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) {
      const value = this.#varint();
      return value === undefined ? undefined : { number, value };
    }
    const byteLength = this.#lengthOf(wireType);
    if (byteLength === undefined || byteLength > this.#bytes.length - this.#at) return undefined;
    const bytes = this.#bytes.subarray(this.#at, this.#at += byteLength);
    return wireType === 2 ? { number, bytes } : { number };
  }

  /** How many bytes follow; what has a fixed length is of no use here. */
  #lengthOf(wireType: number): number | undefined {
    if (wireType === 2) return this.#varint();
    if (wireType === 1) return 8;
    return wireType === 5 ? 4 : undefined;
  }

  #varint(): number | undefined {
    let value = 0;
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (byte < 0x80) return value;
    }
    return undefined;
  }
}
