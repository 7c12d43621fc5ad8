/**
 * Signs requests with AWS Signature Version 4 by `node:crypto`, at once.
 *
 * @module
 */

import { createHash, createHmac } from "node:crypto";
import { prepareSignature } from "../aws/signature.ts";
import type { Signer, SignerEndpoint, SigningRequest } from "../runtime.ts";

/** Makes a signer for one service of one region. */
export function createNodeSigner(endpoint: SignerEndpoint): Signer {
  let key: Buffer | undefined;
  let keyFor: SigningRequest["credentials"] | undefined;
  let keyDay = "";
  return (request) => {
    const { body, credentials } = request;
    const unsigned = prepareSignature(endpoint, request);
    const { day } = unsigned;
    if (key === undefined || credentials !== keyFor || day !== keyDay) {
      key = unsigned.keyParts.reduce<Buffer>(
        (secret, part) => createHmac("sha256", secret).update(part).digest(),
        Buffer.from(`AWS4${credentials.secretAccessKey}`),
      );
      keyFor = credentials;
      keyDay = day;
    }
    const text = unsigned.toSign(sha256(unsigned.canonical(sha256(body))));
    return unsigned.signed(createHmac("sha256", key).update(text).digest("hex"));
  };
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
