/**
 * Contract: the digest is that of RFC 1321, for every length of a text and wherever its bytes lie.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { md5 } from "./md5.ts";

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("md5()", () => {
  it("digests as the RFC's examples say", () => {
    const examples = {
      "": "d41d8cd98f00b204e9800998ecf8427e",
      "a": "0cc175b9c0f1b6a831c399e269772661",
      "message digest": "f96b697d7cb7938d525a2f31aaf161d0",
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890":
        "57edf4a22be3c955ac49da2e2107b67a",
    };
    for (const [text, digest] of Object.entries(examples)) {
      assert.equal(hex(md5(new TextEncoder().encode(text))), digest);
    }
  });

  it("digests every length up to some blocks, from any place of a buffer", () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index * 37 % 256);
    for (let length = 0; length <= 260; length++) {
      const text = bytes.subarray(length % 7, length % 7 + length);
      const expected = createHash("md5").update(text).digest("hex");
      assert.equal(hex(md5(text)), expected, `${length} bytes`);
    }
  });

  it("digests a megabyte", () => {
    const bytes = new Uint8Array(1 << 20).fill(0xa5);
    assert.equal(hex(md5(bytes)), createHash("md5").update(bytes).digest("hex"));
  });
});
