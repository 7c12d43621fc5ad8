/**
 * Decodes base64 by the fastest means that the runtime has.
 *
 * @module
 */

/** What is used of Node's `Buffer`. */
export interface BufferView extends Uint8Array<ArrayBuffer> {
  write(text: string, encoding: "base64"): number;
}

/** What the runtimes offer beyond the language of ES2022. */
export interface Globals {
  readonly Buffer?: { from(bytes: ArrayBuffer): BufferView };
  readonly Uint8Array: { readonly fromBase64?: (text: string) => Uint8Array };
}

/**
 * Decodes padded, standard base64 into bytes of their own: never a view of a shared pool.
 *
 * @throws {SyntaxError} when the text is not base64
 */
export function decodeBase64(text: string): Uint8Array {
  const { Buffer, Uint8Array: Bytes } = globalThis as unknown as Globals;
  if (Bytes.fromBase64 !== undefined) return Bytes.fromBase64(text);
  if (Buffer !== undefined) return decodeByBuffer(Buffer, text);
  return decodeByAtob(text);
}

/** For Node before 25. */
export function decodeByBuffer(Buffer: NonNullable<Globals["Buffer"]>, text: string): Uint8Array {
  const bytes = new ArrayBuffer(decodedLength(text));
  const written = Buffer.from(bytes).write(text, "base64");
  if (written !== bytes.byteLength || text.length % 4 !== 0) throw notBase64();
  return new Uint8Array(bytes);
}

/** For runtimes that have nothing else. */
export function decodeByAtob(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw notBase64();
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** How many bytes padded base64 stands for. */
function decodedLength(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Math.max(Math.floor(text.length / 4) * 3 - padding, 0);
}

function notBase64(): SyntaxError {
  return new SyntaxError("Cannot decode: the text is not base64");
}

/** How many bytes one call of `String.fromCharCode` may take. */
const CHUNK_BYTES = 0x2000;

/** Encodes bytes as padded, standard base64. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(from, from + CHUNK_BYTES));
  }
  return btoa(binary);
}
