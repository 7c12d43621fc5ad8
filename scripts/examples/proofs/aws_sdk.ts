/**
 * Beside the SDK: a consumer that was killed repeats orders, and none is billed twice.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Scene } from "./scene.ts";

/** Proves the example; returns what was seen. */
export async function proveAwsSdk(scene: Scene): Promise<string> {
  // It brings its own local servers, by the packed library: what leads elsewhere must not.
  const elsewhere = { STREAM_NAME: "orders", KINSUMER_LOCAL_BACKEND: "embedded" };
  const program = scene.startNode("try_locally.ts", elsewhere);
  await program.success();
  const [seen = "", delivered, repeated] = await program.printed(
    /delivered (\d+), of them (\d+) again/,
  );
  assert.match(program.output, /^100 orders, 100 bills$/m);
  assert.ok(Number(delivered) > 100, seen);
  assert.ok(Number(repeated) > 0, seen);
  return `${seen}; 100 orders, 100 bills`;
}
