/**
 * What the container's image is made of: kinesalite and dynalite on Node, and a program that starts
 * both. The texts stand here, not in files beside it, so that they are there wherever this module
 * is: in the npm package, in the JSR package, in a bundle.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DYNALITE_OPTIONS, KINESALITE_OPTIONS } from "../local_servers.ts";
import { PACKAGES } from "./packages.ts";

/** The ports inside of the container. */
export const PORTS = { lifeline: 4566, dynamodb: 4567, kinesis: 4568 } as const;

/** On every image and container of ours; what carries it may be removed at any time. */
export const LABEL = "com.kinsumer.local";

/** The line that the container prints once both servers listen. */
export const READY = "kinsumer: kinesalite and dynalite are ready";

const DOCKERFILE = `FROM node:24-slim
ARG npm_config_registry
WORKDIR /kinsumer
RUN npm install --ignore-scripts --no-audit --no-fund --no-update-notifier \\
  kinesalite@${PACKAGES.kinesalite} dynalite@${PACKAGES.dynalite}
COPY servers.cjs .
LABEL ${LABEL}=true
EXPOSE ${PORTS.lifeline} ${PORTS.dynamodb} ${PORTS.kinesis}
USER 1000:1000
CMD ["node", "servers.cjs"]
`;

const SERVERS = `"use strict";
const net = require("node:net");
const end = () => process.exit(0);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, end);
// Whoever started the container holds a connection; without it nobody would stop this.
if (process.env.KINSUMER_LIFELINE) {
  const unclaimed = setTimeout(end, 60_000);
  net.createServer((socket) => {
    clearTimeout(unclaimed);
    socket.on("error", () => {}).on("close", end).resume();
  }).listen(${PORTS.lifeline}, "0.0.0.0");
}
const shield = (request) => { // a client that goes away must not end the process
  const on = request.on;
  request.on = (event, listener) =>
    on.call(request, event, event === "error" ? () => {} : listener);
};
const start = (server, port) => new Promise((resolve) => {
  server.prependListener("request", shield);
  server.listen(port, "0.0.0.0", resolve);
});
Promise.all([
  start(require("kinesalite")(${JSON.stringify(KINESALITE_OPTIONS)}), ${PORTS.kinesis}),
  start(require("dynalite")(${JSON.stringify(DYNALITE_OPTIONS)}), ${PORTS.dynamodb}),
]).then(() => console.log(${JSON.stringify(READY)}));
`;

/** The files that the image is built from, by name; for those who build it elsewhere. */
export function imageFiles(): {
  readonly Dockerfile: string;
  readonly "servers.cjs": string;
} {
  return { Dockerfile: DOCKERFILE, "servers.cjs": SERVERS };
}

/** The image's name: other content, another name. */
export function imageName(): string {
  const hash = createHash("sha256").update(DOCKERFILE).update(SERVERS).digest(
    "hex",
  );
  return `kinsumer-local:${hash.slice(0, 12)}`;
}

/** Lends a folder with the image's files. */
export async function withImageFolder<Value>(
  use: (folder: string) => Promise<Value>,
): Promise<Value> {
  const folder = await mkdtemp(join(tmpdir(), "kinsumer-image-"));
  try {
    for (const [name, text] of Object.entries(imageFiles())) {
      await writeFile(join(folder, name), text);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
