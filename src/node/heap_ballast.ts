/**
 * Lets V8 collect the whole heap less often.
 *
 * V8 does so when memory beside the heap, where answers are, has grown by about as much as the heap
 * is large. A consumer's own heap is small: each 10 MB that it read would cost a collection.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";

/** A heap that is nearly as large needs nothing. */
const MIN_BALLAST_BYTES = 1_048_576;
/** One for the process: several runtimes share its heap. */
let ballast = "";

/** Makes a smaller heap as large as this, for as long as the process lives. Repeating it does nothing. */
export function ensureHeap(heapBytes: number): void {
  // V8 alone is meant. Deno's answers are not read by what this comes with.
  if ("Deno" in globalThis || "Bun" in globalThis || ballast !== "") return;
  ballast = ballastOf(heapBytes - getHeapStatistics().used_heap_size);
}

/** A text, because no collection has to look for references in it. */
export function ballastOf(bytes: number): string {
  if (bytes < MIN_BALLAST_BYTES) return "";
  const text = " ".repeat(bytes);
  text.charCodeAt(0); // until it is looked at, it is a recipe for a text rather than a text
  return text;
}
