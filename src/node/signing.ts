/**
 * Signs requests with AWS Signature Version 4 by `node:crypto`, at once. Equal to what aws4fetch
 * makes of the same request, byte for byte.
 *
 * @module
 */

import { createHash, createHmac } from "node:crypto";
import type { Signer, SignerEndpoint, SigningRequest } from "../runtime.ts";

/** Headers that are sent, but not signed. */
const UNSIGNED: ReadonlySet<string> = new Set(["content-type", "content-length", "user-agent"]);

/** Makes a signer for one service of one region. */
export function createNodeSigner({ url, service, region }: SignerEndpoint): Signer {
  const { href, host, pathname } = new URL(url);
  let key: Buffer | undefined;
  let keyFor: SigningRequest["credentials"] | undefined;
  let keyDay = "";
  const keyOf = (credentials: SigningRequest["credentials"], day: string): Buffer => {
    if (key !== undefined && credentials === keyFor && day === keyDay) return key;
    const parts = [day, region, service, "aws4_request"];
    key = parts.reduce<Buffer>(
      (secret, part) => createHmac("sha256", secret).update(part).digest(),
      Buffer.from(`AWS4${credentials.secretAccessKey}`),
    );
    keyFor = credentials;
    keyDay = day;
    return key;
  };
  return ({ headers, body, credentials, nowMs }) => {
    const datetime = amzDate(nowMs);
    const day = datetime.slice(0, 8);
    const { accessKeyId, sessionToken } = credentials;
    const sent: Record<string, string> = { ...headers, "x-amz-date": datetime };
    if (sessionToken !== undefined && sessionToken !== "") {
      sent["x-amz-security-token"] = sessionToken;
    }
    const names = ["host", ...Object.keys(sent).filter((name) => !UNSIGNED.has(name))].sort();
    const values = names.map((name) => `${name}:${name === "host" ? host : folded(sent[name]!)}\n`);
    const signedHeaders = names.join(";");
    const request = `POST\n${pathname}\n\n${values.join("")}\n${signedHeaders}\n${sha256(body)}`;
    const scope = `${day}/${region}/${service}/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${datetime}\n${scope}\n${sha256(request)}`;
    const signature = createHmac("sha256", keyOf(credentials, day)).update(text).digest("hex");
    sent["authorization"] = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, ` +
      `SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return { url: href, headers: sent };
  };
}

function folded(value: string): string {
  return value.trim().replace(/\s+/g, " ");
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** For example `20150830T123600Z`. */
function amzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, "");
}
