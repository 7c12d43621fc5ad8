/**
 * Signs requests with AWS Signature Version 4. The one import of aws4fetch.
 *
 * @module
 */

import { AwsV4Signer } from "aws4fetch";
import type { Signer, SignerEndpoint } from "../runtime.ts";
import type { Credentials } from "./credentials.ts";

/**
 * Makes a signer for one service of one region.
 *
 * The keys it derives are kept for as long as the credentials and the day stay the same:
 * aws4fetch's cache holds the secret in clear and never forgets, so each has a cache of its own.
 *
 * @param endpoint.url where requests go to
 */
export function createSigner(endpoint: SignerEndpoint): Signer {
  const { url, service, region } = endpoint;
  let cache = new Map<string, ArrayBuffer>();
  let cachedFor: Credentials | undefined;
  let cachedDay = "";
  return async ({ headers, body, credentials, nowMs }) => {
    const datetime = formatAmzDate(nowMs);
    const day = datetime.slice(0, 8);
    if (credentials !== cachedFor || day !== cachedDay) {
      cache = new Map();
      cachedFor = credentials;
      cachedDay = day;
    }
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const token = sessionToken === undefined ? {} : { sessionToken };
    const keys = { accessKeyId, secretAccessKey, ...token };
    const request = { method: "POST", url, headers: { ...headers }, body };
    const signer = new AwsV4Signer({ ...request, ...keys, service, region, datetime, cache });
    const signed = await signer.sign();
    return { url: signed.url.href, headers: recordOf(signed.headers) };
  };
}

/** The time of a signature, for example `20150830T123600Z`. */
export function formatAmzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, "");
}

function recordOf(headers: Headers): Record<string, string> {
  const record: Record<string, string> = {};
  headers.forEach((value, name) => {
    record[name] = value;
  });
  return record;
}
