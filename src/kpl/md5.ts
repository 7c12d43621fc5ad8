/**
 * Digests bytes by MD5 (RFC 1321), which WebCrypto does not have. The format of aggregated records
 * asks for it, to tell damage; it protects nothing.
 *
 * @module
 */

const BLOCK_BYTES = 64;
const STEPS = 64;
/** Of each of the four rounds: how far its steps rotate, in turns of four. */
const ROTATIONS = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]] as const;
/** Of each step: what it adds, how far it rotates, and which of a block's words it takes. */
const ADDENDS = Int32Array.from(
  { length: STEPS },
  (_, step) => Math.abs(Math.sin(step + 1)) * 2 ** 32,
);
const TURNS = Uint8Array.from({ length: STEPS }, (_, step) => ROTATIONS[step >> 4]![step % 4]!);
const WORDS = Uint8Array.from({ length: STEPS }, (_, step) => wordOf(step));

/** The 16 bytes of a text's MD5 digest. */
export function md5(bytes: Uint8Array): Uint8Array {
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  const words = new Int32Array(BLOCK_BYTES / 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wholeBytes = bytes.length - bytes.length % BLOCK_BYTES;
  for (let at = 0; at < wholeBytes; at += BLOCK_BYTES) mix(state, words, view, at);
  const rest = padded(bytes.subarray(wholeBytes), bytes.length);
  for (let at = 0; at < rest.byteLength; at += BLOCK_BYTES) mix(state, words, rest, at);
  const digest = new DataView(new ArrayBuffer(16));
  state.forEach((word, index) => digest.setInt32(index * 4, word, true));
  return new Uint8Array(digest.buffer);
}

/** What is left of a text, a bit that is set, zeros, and the text's length in bits. */
function padded(rest: Uint8Array, byteLength: number): DataView {
  const padding = new Uint8Array(rest.length < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES);
  padding.set(rest);
  padding[rest.length] = 0x80;
  const view = new DataView(padding.buffer);
  view.setBigUint64(padding.length - 8, BigInt(byteLength) * 8n, true);
  return view;
}

function mix(state: Int32Array, words: Int32Array, view: DataView, at: number): void {
  for (let word = 0; word < words.length; word++) words[word] = view.getInt32(at + word * 4, true);
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
  for (let step = 0; step < STEPS; step++) {
    const chosen = choose(step >> 4, b, c, d);
    const sum = (a + chosen + ADDENDS[step]! + words[WORDS[step]!]!) | 0;
    const turn = TURNS[step]!;
    a = d;
    d = c;
    c = b;
    b = (b + (sum << turn | sum >>> (32 - turn))) | 0;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
}

/** What a round makes of three words of the state. */
function choose(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

/** Which of a block's words a step takes. */
function wordOf(step: number): number {
  const round = step >> 4;
  if (round === 0) return step;
  if (round === 1) return (5 * step + 1) % 16;
  return round === 2 ? (3 * step + 5) % 16 : 7 * step % 16;
}
