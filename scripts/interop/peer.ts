/**
 * Makes and runs the other side: the Go library's program, built once into a temporary folder, or,
 * where asked for, the stand-in that speaks its protocol.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { currentRuntime, ROOT, scriptArgs } from "../runtimes.mjs";

/** Which other side is meant. */
export type PeerKind = "original" | "stand-in";

/** How to start a client of the other side; `remove` deletes what was built. */
export interface PeerProgram {
  readonly command: readonly string[];
  remove(): void;
}

/** The other side, or why there is none. */
export type PeerSearch =
  | { readonly outcome: "found"; readonly program: PeerProgram }
  | { readonly outcome: "missing"; readonly reason: string };

const BUILD_TIMEOUT_MS = 180_000;

/** Finds or builds the other side. */
export function findPeer(kind: PeerKind): PeerSearch {
  if (kind === "original") return buildOriginal();
  const path = join(ROOT, "scripts", "interop", "stand_in", "main.ts");
  const command = [process.execPath, ...scriptArgs(currentRuntime(), path)];
  return { outcome: "found", program: { command, remove: () => {} } };
}

function buildOriginal(): PeerSearch {
  if (spawnSync("go", ["version"]).status !== 0) {
    return { outcome: "missing", reason: "there is no Go toolchain" };
  }
  const folder = mkdtempSync(join(tmpdir(), "kinsumer-interop-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  cpSync(join(ROOT, "scripts", "interop", "go"), folder, { recursive: true });
  const program = join(folder, process.platform === "win32" ? "peer.exe" : "peer");
  // Without a go.sum the build writes one of its own, which Go's checksum database vouches for.
  const mode = existsSync(join(folder, "go.sum")) ? [] : ["-mod=mod"];
  const build = spawnSync("go", ["build", ...mode, "-o", program, "."], {
    cwd: folder,
    encoding: "utf8",
    timeout: BUILD_TIMEOUT_MS,
  });
  if (build.status === 0) {
    return { outcome: "found", program: { command: [program], remove } };
  }
  remove();
  // Go names the package over what its compiler says: then the fault is ours, and is no excuse.
  if (build.stderr.includes("# kinsumer.invalid/interop")) throw new Error(build.stderr);
  const why = build.stderr.trim().split("\n").at(-1) ?? "";
  return { outcome: "missing", reason: `the Go program cannot be built: ${why}` };
}

/** One client of the other side. */
export interface Peer {
  readonly name: string;
  /** Stops in order; resolves when the process is gone. */
  stop(): Promise<void>;
  /** Ends the process with SIGKILL; resolves when it is gone and its output is read. */
  kill(): Promise<void>;
}

/** What a client of the other side tells. */
export interface PeerListener {
  onRecord(payload: string): void;
  onError(message: string): void;
}

const STOP_TIMEOUT_MS = 15_000;

/** Starts a client; resolves when it says that it has started. */
export async function startPeer(
  program: PeerProgram,
  name: string,
  flags: Readonly<Record<string, string | number>>,
  listener: PeerListener,
): Promise<Peer> {
  const [path = "", ...first] = program.command;
  const args = Object.entries({ ...flags, name }).map(([flag, value]) => `--${flag}=${value}`);
  const child = spawn(path, [...first, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" },
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error(`Client "${name}" ended before it started`)));
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const told = JSON.parse(line) as { type: string; data?: string; message?: string };
      if (told.type === "started") resolve();
      if (told.type === "record") listener.onRecord(told.data ?? "");
      if (told.type === "error") listener.onError(told.message ?? "");
    });
  });
  return {
    name,
    stop: () => end(child, closed, "SIGTERM"),
    kill: () => end(child, closed, "SIGKILL"),
  };
}

async function end(
  child: ChildProcess,
  closed: Promise<void>,
  signal: "SIGTERM" | "SIGKILL",
): Promise<void> {
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}
