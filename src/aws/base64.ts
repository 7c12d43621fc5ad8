/**
 * Decodes base64 by the fastest means that the runtime has.
 *
 * @module
 */

/** What newer runtimes offer beyond the language of ES2022. */
interface Globals {
  readonly Uint8Array: { readonly fromBase64?: (text: string) => Uint8Array };
}

/**
 * Decodes standard base64 into bytes of their own: never a view of a shared pool.
 *
 * @throws {Error} when the text is not base64
 */
export function decodeBase64(text: string): Uint8Array {
  const { Uint8Array: Bytes } = globalThis as unknown as Globals;
  return Bytes.fromBase64?.(text) ?? decodeByAtob(text);
}

/** For runtimes that have nothing else. */
export function decodeByAtob(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
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
