/**
 * A container engine that answers, and can do nothing: for tests of what is said then.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An engine that listens. */
export interface EngineDouble {
  /** What DOCKER_HOST must be. */
  readonly place: string;
  /** Whether it has every image, or none. */
  hasImages: boolean;
  /** What it was asked. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** What it says of a build, in the engine's own words. */
export const BUILD_FAILURE = "The command '/bin/sh -c npm install' returned a non-zero code: 1";

/** Starts one. */
export async function startEngineDouble(): Promise<EngineDouble> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/^\/v[\d.]+/, "").replace(
      /\?.*/,
      "",
    );
    double.asked.push(`${request.method} ${path}`);
    request.resume();
    const { status, body } = answer(path, double.hasImages);
    request.once("end", () => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const double: EngineDouble = {
    place: `tcp://127.0.0.1:${port}`,
    hasImages: false,
    asked: [],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return double;
}

function answer(path: string, hasImages: boolean): {
  readonly status: number;
  readonly body: string;
} {
  const json = (status: number, body: unknown) => ({
    status,
    body: `${JSON.stringify(body)}\n`,
  });
  if (path === "/_ping") return { status: 200, body: "OK" };
  if (path === "/info") return json(200, INFO);
  if (path === "/build") {
    return json(200, { error: BUILD_FAILURE, errorDetail: { code: 1 } });
  }
  if (path.startsWith("/images/")) {
    const name = /^\/images\/(.+)\/json$/.exec(path)?.[1];
    if (name !== undefined && hasImages) {
      return json(200, { Id: name, RepoTags: [name] });
    }
    return json(404, { message: `no such image: ${name ?? path}` });
  }
  if (path === "/containers/json" || path === "/networks") return json(200, []);
  return json(500, { message: "this engine can do nothing" });
}

const INFO = {
  ServerVersion: "1.0.0",
  OperatingSystem: "none",
  OSType: "linux",
  Architecture: "x86_64",
  NCPU: 1,
  MemTotal: 1_000_000_000,
  Labels: [],
  IndexServerAddress: "127.0.0.1",
};
