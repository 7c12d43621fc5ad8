/**
 * Writes what AWS Signature Version 4 signs, and what it sends: for signers that bring their own
 * cryptography. Equal to what aws4fetch makes of the same request, byte for byte.
 *
 * @module
 */

import type { SignedRequest, SignerEndpoint, SigningRequest } from "../runtime.ts";

/** Headers that are sent, but not signed. */
const UNSIGNED: readonly string[] = ["content-type", "content-length", "user-agent"];

/** A request on its way to being signed. */
export interface UnsignedRequest {
  /** The day that a key is good for, for example `20150830`. */
  readonly day: string;
  /** What the secret is hashed with, one after the other, to make the key of a day. */
  readonly keyParts: readonly string[];
  /** The request as it is hashed. */
  canonical(bodyHash: string): string;
  /** What the key signs. */
  toSign(canonicalHash: string): string;
  /** @param signature in hexadecimal digits, as the hashes are */
  signed(signature: string): SignedRequest;
}

/** Prepares a request. */
export function prepareSignature(
  { url, service, region }: SignerEndpoint,
  { headers, credentials: { accessKeyId, sessionToken }, nowMs }: SigningRequest,
): UnsignedRequest {
  const { href, host, pathname } = new URL(url);
  const datetime = amzDate(nowMs);
  const day = datetime.slice(0, 8);
  const keyParts = [day, region, service, "aws4_request"];
  const scope = keyParts.join("/");
  const sent = {
    ...headers,
    "x-amz-date": datetime,
    ...sessionToken && { "x-amz-security-token": sessionToken },
  };
  const signable = Object.entries({ ...sent, host }).filter(([name]) => !UNSIGNED.includes(name))
    .sort(([one], [other]) => one < other ? -1 : 1);
  const signedHeaders = signable.map(([name]) => name).join(";");
  const lines = signable.map(([name, value]) => `${name}:${value.trim().replace(/\s+/g, " ")}\n`);
  const by = "AWS4-HMAC-SHA256";
  return {
    day,
    keyParts,
    canonical: (bodyHash) =>
      `POST\n${pathname}\n\n${lines.join("")}\n${signedHeaders}\n${bodyHash}`,
    toSign: (canonicalHash) => `${by}\n${datetime}\n${scope}\n${canonicalHash}`,
    signed: (signature) => {
      const facts = [
        `Credential=${accessKeyId}/${scope}`,
        `SignedHeaders=${signedHeaders}`,
        `Signature=${signature}`,
      ];
      return { url: href, headers: { ...sent, authorization: `${by} ${facts.join(", ")}` } };
    },
  };
}

/** For example `20150830T123600Z`. */
function amzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, "");
}
