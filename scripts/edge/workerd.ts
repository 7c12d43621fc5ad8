/**
 * Serves a worker on workerd, as a platform would: the worker's own file, and beside it the one file
 * that npm ships for isolates.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, bundleEdge } from "../bundle.mjs";
import { ROOT } from "../runtimes.mjs";

/** A worker that is served. */
export interface ServedWorker {
  readonly url: string;
  stop(): Promise<void>;
}

const PACKAGES = join(ROOT, "scripts/toolchain/node_modules/@cloudflare");
const START_TIMEOUT_MS = 20_000;

/** Whether workerd is installed: `npm run setup` does. */
export function hasWorkerd(): boolean {
  return workerdBinary() !== undefined;
}

/** The program itself: killing the script in front of it would leave it running. */
function workerdBinary(): string | undefined {
  if (!existsSync(PACKAGES)) return undefined;
  return readdirSync(PACKAGES).map((name) => join(PACKAGES, name, "bin/workerd")).find(existsSync);
}

/** Leaves the door for isolates out of a worker's own file: it stands beside it. */
const APART = {
  name: "the edge file apart",
  setup(
    build: Parameters<NonNullable<Parameters<typeof bundle>[0]["plugins"]>[number]["setup"]>[0],
  ) {
    build.onResolve(
      { filter: /src\/edge\/mod\.ts$/ },
      () => ({ path: "./edge.js", external: true }),
    );
  },
};

/**
 * Serves a worker on a free port.
 *
 * @param name its file in scripts/edge/
 */
export async function serveWorker(name: "worker" | "traced_worker"): Promise<ServedWorker> {
  const folder = await mkdtemp(join(tmpdir(), "kinsumer-edge-"));
  const code = `export { default } from "./scripts/edge/${name}.ts";`;
  const [edge, worker] = await Promise.all([
    bundleEdge(),
    bundle({ code, platform: "browser", isMinified: false, plugins: [APART] }),
  ]);
  await writeFile(join(folder, "edge.js"), edge.bytes);
  await writeFile(join(folder, "worker.js"), worker.bytes);
  const port = await freePort();
  await writeFile(join(folder, "config.capnp"), config(port));
  const child = spawn(workerdBinary() ?? "workerd", ["serve", join(folder, "config.capnp")], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}/`;
  try {
    await answering(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

/** `internet` is where a worker's fetch goes; the local servers are on this host. */
function config(port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "edge.js", esModule = embed "edge.js"),
  ],
  compatibilityDate = "2026-01-01",
);
`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function answering(url: string): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      await (await fetch(url, { method: "POST", body: "{}" })).text();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
