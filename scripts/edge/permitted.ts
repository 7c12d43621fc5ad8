/**
 * Consumes what is in a stream, and prints how much that was, and what it may do: to be run with as
 * few permissions as that takes.
 *
 * @module
 */

import process from "node:process";
import { Kinsumer, type KinsumerOptions } from "../../mod.ts";

/** Consumes as many records as the command line says. */
async function consume(): Promise<void> {
  const [given = "{}", count = "0"] = process.argv.slice(2);
  const kinsumer = new Kinsumer(JSON.parse(given) as KinsumerOptions);
  await kinsumer.run();
  let records = 0;
  for await (const record of kinsumer) {
    if (record.text() === "") throw new Error("A record without a payload");
    if (++records === Number(count)) void kinsumer.stop();
  }
  const { permission } = process as {
    readonly permission?: { has(scope: string): boolean };
  };
  const may = ["fs.write", "fs.read", "child", "worker"].filter((scope) => permission?.has(scope));
  process.stdout.write(`${JSON.stringify({ records, may: permission && may })}\n`);
}

/** Settles when all is consumed. */
export const consumed: Promise<void> = consume();
await consumed;
