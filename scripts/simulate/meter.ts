/**
 * Counts what a fleet asks of DynamoDB, as DynamoDB would measure it.
 *
 * @module
 */

import type { AttributeValue, Item } from "../../src/aws/dynamodb_api.ts";

/** Counts requests, bytes read and the largest item. */
export class Meter {
  requests = 0;
  bytesRead = 0;
  largestItemBytes = 0;

  asked(): void {
    this.requests++;
  }

  /** @param answer what the simulated database answered: a row, rows, an outcome or nothing */
  answered(answer: unknown): void {
    const rows = Array.isArray(answer) ? answer : [answer];
    for (const row of rows) this.bytesRead += row === undefined ? 0 : itemBytes(row as Item);
  }

  wrote(item: Item | undefined): void {
    if (item !== undefined) {
      this.largestItemBytes = Math.max(this.largestItemBytes, itemBytes(item));
    }
  }

  /** Starts counting anew; the largest item is kept. */
  reset(): void {
    this.requests = 0;
    this.bytesRead = 0;
  }
}

/** An item's size: the names and the values of its attributes. */
function itemBytes(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + name.length + valueBytes(value),
    0,
  );
}

function valueBytes(value: AttributeValue): number {
  if (typeof value !== "object") return 1;
  if ("S" in value) return value.S.length;
  if ("N" in value) return Math.ceil(value.N.length / 2) + 1;
  if ("L" in value) return value.L.reduce((sum, each) => sum + valueBytes(each) + 1, 3);
  return 1;
}
