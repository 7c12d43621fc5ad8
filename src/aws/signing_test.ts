/**
 * The contract: every request carries the signature that AWS Signature Version 4 asks for.
 *
 * The published vectors judge our signer where it makes such requests (a POST whose content type is
 * not signed), and judge an independent implementation everywhere; that one then judges our signer
 * on requests of every kind that we send.
 *
 * Vectors: AWS's "Signature Version 4 test suite".
 */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Signer } from "../runtime.ts";
import { createSigner, formatAmzDate } from "./signing.ts";

const KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const SUITE_TOKEN =
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIe" +
  "oIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq" +
  "5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC" +
  "9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
const SUITE = { region: "us-east-1", service: "service", ...KEYS };
const SUITE_MS = Date.UTC(2015, 7, 30, 12, 36, 0);
const FORM = "application/x-www-form-urlencoded";

interface Vector {
  readonly name: string;
  readonly method?: "GET";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly sessionToken?: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

const VECTORS: readonly Vector[] = [
  {
    name: "get-vanilla",
    method: "GET",
    signedHeaders: "host;x-amz-date",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  },
  {
    name: "get-header-value-trim",
    method: "GET",
    headers: { "my-header1": "value1", "my-header2": '"a   b   c"' },
    signedHeaders: "host;my-header1;my-header2;x-amz-date",
    signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
  },
  {
    name: "post-vanilla",
    signedHeaders: "host;x-amz-date",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  {
    name: "post-header-key-sort",
    headers: { "my-header1": "value1" },
    signedHeaders: "host;my-header1;x-amz-date",
    signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
  },
  {
    name: "post-header-value-case",
    headers: { "my-header1": "VALUE1" },
    signedHeaders: "host;my-header1;x-amz-date",
    signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
  },
  {
    name: "post-sts-header-before",
    sessionToken: SUITE_TOKEN,
    signedHeaders: "host;x-amz-date;x-amz-security-token",
    signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
  },
  {
    name: "post-x-www-form-urlencoded",
    headers: { "content-type": FORM },
    body: "Param1=value1",
    signedHeaders: "content-type;host;x-amz-date",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  {
    name: "post-x-www-form-urlencoded-parameters",
    headers: { "content-type": `${FORM}; charset=utf8` },
    body: "Param1=value1",
    signedHeaders: "content-type;host;x-amz-date",
    signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
  },
];

/** Those that our signer can make: it only knows POST, and does not sign the content type. */
const OURS = VECTORS.filter(({ method, headers = {} }) =>
  method !== "GET" && !("content-type" in headers)
);

function authorizationOf(vector: Vector): string {
  return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
    `SignedHeaders=${vector.signedHeaders}, Signature=${vector.signature}`;
}

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text, "utf8").digest();

/** Signature Version 4 as AWS describes it, written again for the sake of these tests. */
function referenceAuthorization(
  request: {
    readonly method: string;
    readonly url: string;
    /** All that are signed but the host. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly region: string;
    readonly service: string;
  },
): string {
  const { host, pathname } = new URL(request.url);
  const headers = new Map(Object.entries({ ...request.headers, host }));
  const names = [...headers.keys()].sort();
  const lines = names.map((name) => `${name}:${headers.get(name)?.trim().replace(/ +/g, " ")}\n`);
  const signedHeaders = names.join(";");
  const canonical = [
    request.method,
    pathname,
    "",
    lines.join(""),
    signedHeaders,
    sha256(request.body),
  ];
  const date = headers.get("x-amz-date") ?? "";
  const scope = [date.slice(0, 8), request.region, request.service, "aws4_request"];
  const stringToSign = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical.join("\n"))];
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${request.secretAccessKey}`);
  const signature = hmac(key as Buffer, stringToSign.join("\n")).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=${request.accessKeyId}/${scope.join("/")}, ` +
    `SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

describe("the reference of these tests", () => {
  for (const vector of VECTORS) {
    it(`signs ${vector.name} as published`, () => {
      const { method = "POST", headers = {}, body = "", sessionToken } = vector;
      const token = sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken };
      const signed = { ...headers, ...token, "x-amz-date": "20150830T123600Z" };
      const url = "https://example.amazonaws.com/";
      const made = referenceAuthorization({ ...SUITE, method, url, headers: signed, body });
      assert.equal(made, authorizationOf(vector));
    });
  }
});

describe("createSigner()", () => {
  const { region, service } = SUITE;
  const suiteSigner = (): Signer =>
    createSigner({ url: "https://example.amazonaws.com/", region, service });

  it("is judged by vectors with headers, and with a session token", () => {
    assert.deepEqual(OURS.map(({ name }) => name), [
      "post-vanilla",
      "post-header-key-sort",
      "post-header-value-case",
      "post-sts-header-before",
    ]);
  });

  for (const vector of OURS) {
    it(`signs ${vector.name} as published`, async () => {
      const { headers = {}, body = "", sessionToken } = vector;
      const credentials = { ...KEYS, sessionToken };
      const signed = await suiteSigner()({ headers, body, credentials, nowMs: SUITE_MS });
      assert.equal(signed.headers["authorization"], authorizationOf(vector));
      assert.equal(signed.headers["x-amz-date"], "20150830T123600Z");
      assert.equal(signed.headers["x-amz-security-token"], sessionToken);
    });
  }

  it("signs any request of ours as the reference does, and leaves the content type unsigned", async () => {
    const printable = fc.string({ minLength: 1, unit: "grapheme-ascii" })
      .map((text) => text.replace(/\s/g, "_"));
    const requests = fc.record({
      body: fc.json(),
      target: fc.constantFrom("Kinesis_20131202.GetRecords", "DynamoDB_20120810.UpdateItem"),
      service: fc.constantFrom("kinesis", "dynamodb"),
      region: fc.constantFrom("eu-central-1", "us-gov-west-1"),
      url: fc.constantFrom("https://kinesis.eu-central-1.amazonaws.com/", "http://127.0.0.1:4567/"),
      nowMs: fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }),
      accessKeyId: printable,
      secretAccessKey: printable,
      sessionToken: fc.option(printable, { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const { body, target, url, nowMs, sessionToken, ...scope } = request;
        const credentials = { ...scope, sessionToken };
        const ours = { "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
        const made = await createSigner({ url, ...scope })({
          headers: ours,
          body,
          credentials,
          nowMs,
        });
        const token = sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken };
        const headers = { "x-amz-target": target, "x-amz-date": formatAmzDate(nowMs), ...token };
        const reference = referenceAuthorization({ ...scope, method: "POST", url, headers, body });
        assert.deepEqual(made, { url, headers: { ...ours, ...headers, authorization: reference } });
      }),
      { numRuns: 60 },
    );
  });

  it("signs right after the keys or the day changed, and after they changed back", async () => {
    const sign = suiteSigner();
    const rotated = { ...KEYS, secretAccessKey: "another" };
    const days = [SUITE_MS, SUITE_MS + 86_400_000, SUITE_MS];
    for (const credentials of [KEYS, rotated, KEYS]) {
      for (const nowMs of days) {
        const signed = await sign({ headers: {}, body: "", credentials, nowMs });
        const headers = { "x-amz-date": formatAmzDate(nowMs) };
        const request = { ...SUITE, ...credentials, method: "POST", headers, body: "" };
        const reference = referenceAuthorization({ ...request, url: signed.url });
        assert.equal(signed.headers["authorization"], reference);
      }
    }
  });
});

describe("formatAmzDate()", () => {
  it("writes the seconds of the moment in UTC, cutting the fraction off", () => {
    assert.equal(formatAmzDate(SUITE_MS + 999), "20150830T123600Z");
    assert.equal(formatAmzDate(SUITE_MS + 1_000), "20150830T123601Z");
  });
});
