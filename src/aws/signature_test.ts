/**
 * The contract: node:crypto and WebCrypto sign every request as aws4fetch does, byte for byte.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createEdgeSigner } from "../edge/signing.ts";
import { createNodeSigner } from "../node/signing.ts";
import { createSigner } from "./signing.ts";

const TEXT = fc.string({ unit: "binary-ascii", maxLength: 40 }).map((text) =>
  text.replace(/[^\x20-\x7e]/g, "x")
);
const REQUEST = fc.record({
  body: fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
  ),
  target: fc.constantFrom("Kinesis_20131202.GetRecords", "DynamoDB_20120810.UpdateItem"),
  extra: TEXT,
  accessKeyId: fc.stringMatching(/^[A-Z0-9]{4,20}$/),
  secretAccessKey: fc.string({ minLength: 1, maxLength: 60 }),
  sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,80}$/), { nil: undefined }),
  nowMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  region: fc.constantFrom("eu-west-1", "us-east-1", "cn-north-1"),
  url: fc.constantFrom(
    "https://kinesis.eu-west-1.amazonaws.com/",
    "http://127.0.0.1:4567/",
    "http://[::1]:80/",
    "https://vpce-1.kinesis.example:8443/",
  ),
});

for (const create of [createNodeSigner, createEdgeSigner]) {
  describe(`${create.name}()`, () => {
    it("signs any request as aws4fetch does", async () => {
      await fc.assert(
        fc.asyncProperty(REQUEST, async (facts) => {
          const { url, region, body, nowMs, target, extra, ...credentials } = facts;
          const service = target.startsWith("Kinesis") ? "kinesis" : "dynamodb";
          const headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": target,
            "x-extra": extra,
          };
          const request = { headers, body, credentials, nowMs };
          const endpoint = { url, service, region };
          const wanted = await createSigner(endpoint)(request);
          const signed = await create(endpoint)(request);
          assert.equal(signed.url, wanted.url);
          const { "x-extra": sent = "", ...rest } = signed.headers;
          const { "x-extra": _, ...wantedRest } = wanted.headers;
          assert.equal(sent, extra);
          assert.deepEqual({ ...rest }, wantedRest);
        }),
        { numRuns: 300 },
      );
    });

    it("signs with new keys after the credentials or the day have changed", async () => {
      const endpoint = { url: "https://a.example/", service: "kinesis", region: "eu-west-1" };
      const [one, other] = [createSigner(endpoint), create(endpoint)];
      const day = 86_400_000;
      const keys = ["a", "b", "a"].map((secretAccessKey) => ({
        accessKeyId: "k",
        secretAccessKey,
      }));
      const days = [0, day - 1, day];
      const byKeys = keys.flatMap((credentials) => days.map((nowMs) => ({ credentials, nowMs })));
      const byDays = days.flatMap((nowMs) => keys.map((credentials) => ({ credentials, nowMs })));
      for (const { credentials, nowMs } of [...byKeys, ...byDays]) {
        const request = { headers: { "x-amz-target": "t" }, body: "{}", credentials, nowMs };
        const { headers } = await other(request);
        assert.equal(headers["authorization"], (await one(request)).headers["authorization"]);
      }
    });
  });
}
