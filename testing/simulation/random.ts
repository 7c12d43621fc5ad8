/**
 * Makes chance repeatable: one seed, one sequence of numbers, on every runtime.
 *
 * @module
 */

import type { Random } from "../../src/runtime.ts";

/**
 * A generator (sfc32 by Chris Doty-Humphrey, from PractRand) that begins where its seed says.
 *
 * @param seed an integer; the lowest 32 bits count
 */
export function createSeededRandom(seed: number): Random {
  const nextUint32 = sfc32(seed);
  const hex = (): string => nextUint32().toString(16).padStart(8, "0");
  return {
    next: () => nextUint32() / 2 ** 32,
    uuid: () => {
      const digits = hex() + hex() + hex() + hex();
      const variant = "89ab"[parseInt(digits.charAt(16), 16) % 4];
      return [
        digits.slice(0, 8),
        digits.slice(8, 12),
        `4${digits.slice(13, 16)}`,
        `${variant}${digits.slice(17, 20)}`,
        digits.slice(20),
      ].join("-");
    },
  };
}

function sfc32(seed: number): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, seed | 0, 1];
  const next = (): number => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  for (let round = 0; round < 15; round++) next(); // two seeds that differ in one bit drift apart
  return next;
}
