/**
 * The contract: base64 becomes the bytes it stands for, in memory of their own, by whichever means
 * the runtime has; what is not base64 is refused.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeBase64, decodeByAtob } from "./base64.ts";

const MEANS: readonly [string, (text: string) => Uint8Array][] = [
  ["decodeBase64()", decodeBase64],
  ["decodeByAtob()", decodeByAtob],
];

for (const [name, decode] of MEANS) {
  describe(name, () => {
    it("gives back any bytes, as a plain Uint8Array that shares its memory with nothing", () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const decoded = decode(Buffer.from(bytes).toString("base64"));
        assert.equal(Object.getPrototypeOf(decoded), Uint8Array.prototype);
        assert.deepEqual([...decoded], [...bytes]);
        assert.equal(decoded.byteOffset, 0);
        assert.equal(decoded.buffer.byteLength, bytes.length);
      }));
    });

    for (const text of ["!!!!", "AAA?", "A", "AA=A", "====", "Zg=?"]) {
      it(`refuses "${text}"`, () => {
        assert.throws(() => decode(text), Error);
      });
    }
  });
}
