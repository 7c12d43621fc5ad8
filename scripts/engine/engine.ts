/**
 * Finds a container engine, or starts one for as long as the tests need it: installs it where that
 * can be done, gives it a folder of its own, and stops nothing but what it started.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findEngine } from "../../testing/backends/engine.ts";

/** An engine that answers. */
export interface Engine {
  /** What DOCKER_HOST must be. */
  readonly place: string;
  /** Whether it runs for the tests alone. */
  readonly isOwn: boolean;
  /** Runs the engine's command; returns what it printed. */
  docker(...args: readonly string[]): string;
  /** Ends what was started here. */
  stop(): Promise<void>;
}

const FOLDER = "kinsumer-engine-";
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

/** An engine, or why there is none. */
export async function openEngine(): Promise<Engine | { readonly why: string }> {
  const found = await findEngine();
  if (found !== undefined) {
    return { ...commandsOf(found), isOwn: false, stop: async () => {} };
  }
  const named = process.env["DOCKER_HOST"];
  if (named) {
    return { why: `DOCKER_HOST names "${named}", and no engine answers there` };
  }
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return { why: "no engine answers, and only root on Linux could start one" };
  }
  const running = runningDaemons();
  if (running !== "") {
    return { why: `a dockerd runs that does not answer: process ${running}` };
  }
  const problem = install();
  if (problem !== undefined) return { why: problem };
  const installed = await findEngine(); // where services start when they are installed
  if (installed !== undefined) {
    return { ...commandsOf(installed), isOwn: false, stop: async () => {} };
  }
  return await startDaemon();
}

function commandsOf(place: string): Pick<Engine, "place" | "docker"> {
  const env = { ...process.env, DOCKER_HOST: place };
  const docker = (...args: readonly string[]): string =>
    execFileSync("docker", args, {
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  return { place, docker };
}

function runningDaemons(): string {
  return tryOut("pgrep", ["-x", "dockerd"])?.trim().replaceAll("\n", ", ") ??
    "";
}

/** @returns what is in the way */
function install(): string | undefined {
  if (tryOut("dockerd", ["--version"]) !== undefined) return undefined;
  if (tryOut("apt-get", ["--version"]) === undefined) {
    return "there is no dockerd and no apt-get";
  }
  process.stdout.write("Installing an engine: apt-get install docker.io\n");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const args = ["install", "--yes", "--no-install-recommends", "docker.io"];
  const isThere = tryOut("apt-get", ["update"], env) !== undefined &&
    tryOut("apt-get", args, env) !== undefined;
  return isThere ? undefined : "there is no dockerd, and apt-get cannot install docker.io";
}

async function startDaemon(): Promise<Engine | { readonly why: string }> {
  sweepDead();
  const folder = mkdtempSync(join(tmpdir(), FOLDER));
  const place = `unix://${join(folder, "docker.sock")}`;
  const log = openSync(join(folder, "log"), "w");
  const daemon = spawn("dockerd", [
    `--data-root=${join(folder, "data")}`,
    `--exec-root=${join(folder, "exec")}`,
    `--pidfile=${join(folder, "pid")}`,
    `--host=${place}`,
    `--bip=${unusedAddress()}`,
  ], { stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    daemon.once("error", () => resolve());
    daemon.once("exit", () => resolve());
  });
  const stop = (): Promise<void> => stopDaemon(daemon, ended, folder);
  if (await answersInTime(place, ended)) {
    return { ...commandsOf(place), isOwn: true, stop };
  }
  const lines = readFileSync(join(folder, "log"), "utf8").trim().split("\n");
  await stop();
  return { why: `dockerd does not come up: ${lines.at(-1)}` };
}

/**
 * A network for one engine alone. An engine that was killed leaves its containers' networks behind,
 * and on docker0 their addresses would answer in place of the new ones.
 */
function unusedAddress(): string {
  return `172.${randomInt(18, 32)}.${randomInt(0, 256)}.1/24`;
}

/** Takes away what an earlier engine of ours left when it was killed: its mounts, its folder. */
function sweepDead(): void {
  const isOurs = (name: string) => name.startsWith(FOLDER);
  for (
    const folder of readdirSync(tmpdir()).filter(isOurs).map((name) => join(tmpdir(), name))
  ) {
    if (tryOut("pgrep", ["-f", folder]) !== undefined) continue; // it lives
    const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n")
      .map((line) => line.split(" ")[1] ?? "").filter((each) => each.startsWith(`${folder}/`));
    for (const mount of mounts.sort().reverse()) tryOut("umount", [mount]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answersInTime(
  place: string,
  ended: Promise<void>,
): Promise<boolean> {
  let isOver = false;
  void ended.then(() => isOver = true);
  const untilMs = performance.now() + START_TIMEOUT_MS;
  while (!isOver && performance.now() < untilMs) {
    if (await findEngine({ DOCKER_HOST: place }) !== undefined) return true;
    await sleep(200);
  }
  return false;
}

async function stopDaemon(
  daemon: ChildProcess,
  ended: Promise<void>,
  folder: string,
): Promise<void> {
  daemon.kill("SIGTERM");
  await Promise.race([ended, sleep(STOP_TIMEOUT_MS)]);
  daemon.kill("SIGKILL"); // nothing, where it is gone
  rmSync(folder, { recursive: true, force: true });
}

/** The containers, running or not, that carry a label. */
export async function containersWith(
  place: string,
  label: string,
): Promise<readonly string[]> {
  return (await list(place, label)).map(({ Id, Image }) => `${Id.slice(0, 12)} of ${Image}`);
}

/** Ends and removes the containers that carry a label. */
export async function removeContainers(
  place: string,
  label: string,
): Promise<void> {
  for (const { Id } of await list(place, label)) {
    await ask(place, { method: "DELETE", path: `/containers/${Id}?force=1` });
  }
}

interface Listed {
  readonly Id: string;
  readonly Image: string;
}

async function list(place: string, label: string): Promise<readonly Listed[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  const path = `/containers/json?all=1&filters=${filters}`;
  return JSON.parse(
    await ask(place, { method: "GET", path }),
  ) as readonly Listed[];
}

function ask(
  place: string,
  question: { readonly method: string; readonly path: string },
): Promise<string> {
  const socketPath = /^unix:\/\/(.+)$/.exec(place)?.[1];
  const url = new URL(place.replace(/^tcp:/, "http:"));
  const target = socketPath ? { socketPath } : { host: url.hostname, port: url.port };
  return new Promise((resolve, reject) => {
    request({ ...target, ...question, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk) => text += chunk);
      answer.once("end", () => resolve(text));
    }).once("error", reject).end();
  });
}

function tryOut(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  try {
    return execFileSync(command, args, {
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
