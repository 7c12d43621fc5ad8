/**
 * The stage: the compiled programs, the canned servers' process and the subjects' processes.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { ROOT, runtimePath } from "../runtimes.mjs";
import type { RuntimeName } from "./runtimes.ts";
import type { Endpoints, ServerCounts } from "./servers_process.ts";
import type { Assignment, Measurement } from "./subjects/meter.ts";

const BUILT = join(ROOT, ".tmp", "bench");
const BENCH = join(ROOT, "scripts", "bench");

/** A program of the benchmark, ready to be started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** Compiles what runs; TypeScript's compiler cannot be loaded beside a loader of TypeScript. */
export function compile(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(BENCH, "compile.mjs"), BUILT], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}

/** A program of scripts/bench on a runtime. */
export function scriptProgram(runtime: RuntimeName, path: string): Program {
  const file = join(BUILT, "scripts", "bench", path);
  const args = runtime === "deno" ? ["run", "-A", "--no-check", file] : [file];
  return { command: runtimePath(runtime), args };
}

/** The Go program; `undefined`, with the reason said, where it cannot be built. */
export function goProgram(say: (line: string) => void): string | undefined {
  const program = join(BUILT, process.platform === "win32" ? "go.exe" : "go");
  const options = { cwd: join(BENCH, "go"), encoding: "utf8", timeout: 180_000 } as const;
  const { status, stderr, error } = spawnSync("go", ["build", "-o", program, "."], options);
  if (status === 0) return program;
  say(`SKIPPED the Go subjects: ${error?.message ?? stderr.trim().split("\n").at(-1)}`);
  return undefined;
}

/** A certificate for 127.0.0.1, made for this run; `undefined` where there is no openssl. */
export function makeCertificate(say: (line: string) => void):
  | { readonly key: string; readonly cert: string; readonly path: string }
  | undefined {
  const [key, cert] = [join(BUILT, "key.pem"), join(BUILT, "cert.pem")];
  const { status } = spawnSync("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
    ..."-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1".split(" "),
    ...["-addext", "basicConstraints=critical,CA:FALSE"], // or Deno will not take it for a server's
    ...["-keyout", key, "-out", cert],
  ], { stdio: "ignore" });
  if (status !== 0 || !existsSync(cert)) {
    say("SKIPPED what needs TLS: there is no openssl");
    return undefined;
  }
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8"), path: cert };
}

/** The canned servers, running. */
export class Servers {
  readonly endpoints: Endpoints;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, endpoints: Endpoints) {
    this.#child = child;
    this.endpoints = endpoints;
  }

  /** @param tls what to serve HTTPS with */
  static async start(tls: unknown): Promise<Servers> {
    const { command, args } = scriptProgram("node", "servers_process.js");
    const child = spawn(command, [...args, JSON.stringify(tls ?? null)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const line = await firstLine(child);
    return new Servers(child, JSON.parse(line) as Endpoints);
  }

  async counts(): Promise<ServerCounts> {
    return await (await fetch(`${this.endpoints.control}/`)).json() as ServerCounts;
  }

  /** Counts from here on; returns what was counted before. */
  async reset(): Promise<ServerCounts> {
    return await (await fetch(`${this.endpoints.control}/reset`)).json() as ServerCounts;
  }

  stop(): void {
    this.#child.stdin?.end();
  }
}

/** A subject that runs. */
export class Running {
  readonly #child: ChildProcess;
  readonly #line: Promise<string>;
  readonly #timer: ReturnType<typeof setTimeout>;
  #said = "";

  constructor(program: Program, assignment: Assignment, limits: {
    readonly timeoutMs: number;
    readonly certificate: string | undefined;
  }) {
    const { certificate } = limits;
    this.#child = spawn(program.command, [...program.args, JSON.stringify(assignment)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        KINSUMER_BENCH_PEERS: join(BENCH, "package.json"),
        AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: "1",
        ...(certificate && { NODE_EXTRA_CA_CERTS: certificate, DENO_CERT: certificate }),
      },
    });
    this.#child.stderr?.on("data", (chunk: Uint8Array) => this.#said += chunk.toString());
    this.#line = firstLine(this.#child);
    this.#line.catch(() => {});
    this.#timer = setTimeout(() => this.#child.kill("SIGKILL"), limits.timeoutMs);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits for what it reports. */
  async measurement(): Promise<Measurement> {
    try {
      return JSON.parse(await this.#line) as Measurement;
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${this.#said.trim().slice(-600)}`);
    } finally {
      this.end("SIGKILL");
    }
  }

  end(signal: "SIGTERM" | "SIGKILL"): void {
    if (signal === "SIGKILL") clearTimeout(this.#timer);
    this.#child.kill(signal);
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) return reject(new Error("Cannot read: no output"));
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      reject(new Error(`A process ended with ${signal ?? code} before it reported`));
    });
  });
}
