/**
 * Tries `stop()` under each fault, one Node process a fault: it must resolve within its deadline and
 * leave nothing behind that holds the process.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Fault } from "../../testing/fault_proxy.ts";
import { currentRuntime, ROOT, scriptArgs } from "../runtimes.mjs";
import { environment } from "../demo/client_process.ts";
import { PACE } from "./client_settings.ts";
import type { StopProbeSettings, StopReport } from "./stop_probe.ts";
import type { World } from "./world.ts";

/** How a stop under a fault went. */
export interface StopProbe {
  readonly fault: string;
  readonly stopMs: number;
  /** What was wrong, in words. */
  readonly problem?: string | undefined;
}

const PROGRAM = fileURLToPath(new URL("stop_probe.ts", import.meta.url));
const STREAM_NAME = "stop-probes";
const DEADLINE_MS = 2_500;
/** How late a busy machine may be. */
const PATIENCE_MS = 500;
/** How long the process may live on after `stop()`. */
const END_TIMEOUT_MS = 5_000;
const PROBE_TIMEOUT_MS = 60_000;
const AT_ONCE = 3;
const RECORD_COUNT = 200;

const FAULTS: Readonly<Record<string, Fault | undefined>> = {
  "no fault": undefined,
  "a record in hand": undefined,
  "throttling": { kind: "throttle" },
  "server errors": { kind: "server-error" },
  "latency": { kind: "latency", delayMs: 700 },
  "hung requests": { kind: "hang" },
  "hung answers": { kind: "hang", isApplied: true },
  "cut requests": { kind: "drop" },
  "cut answers": { kind: "drop", isApplied: true },
  "expired iterators": { kind: "expired-iterator" },
  "false shard ends": { kind: "false-shard-end" },
  "clock skew": { kind: "clock-skew", skewMs: 1_200_000 },
  "expired credentials": { kind: "expired-credentials" },
  "a hung Kinesis": { kind: "hang", service: "kinesis" },
  "a hung DynamoDB": { kind: "hang", service: "dynamodb" },
};

/** Tries it under each fault, some at a time. */
export async function probeStops(world: World, signal: AbortSignal): Promise<readonly StopProbe[]> {
  if (currentRuntime() !== "node") {
    world.say("stop() under each fault is tried on Node only");
    return [];
  }
  world.say("stop() under each fault, in a process each");
  await world.streams.create(STREAM_NAME, { shardCount: 2 });
  const records = Array.from({ length: RECORD_COUNT }, (_, index) => {
    return { data: `${index}`, partitionKey: `${index}` };
  });
  await world.streams.put(STREAM_NAME, records);
  const waiting = Object.entries(FAULTS);
  const probes: StopProbe[] = [];
  const work = async (): Promise<void> => {
    for (
      let next = waiting.shift();
      next !== undefined && !signal.aborted;
      next = waiting.shift()
    ) {
      probes.push(await probe(world, next[0], next[1]));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  signal.throwIfAborted();
  probes.push(await probe(world, "services away", "away"));
  await world.proxy.open();
  return probes;
}

async function probe(
  world: World,
  name: string,
  fault: Fault | "away" | undefined,
): Promise<StopProbe> {
  const client = `probe-${name.replaceAll(" ", "-")}`;
  const { kinesisEndpoint, dynamodbEndpoint, faults } = world.proxy;
  const settings: StopProbeSettings = {
    options: {
      ...PACE,
      streamName: STREAM_NAME,
      applicationName: client,
      kinesisEndpoint,
      dynamodbEndpoint,
      region: world.servers.region,
      credentials: { accessKeyId: client, secretAccessKey: "local" },
      tableWaiterDelayMs: 50,
    },
    deadlineMs: DEADLINE_MS,
    holdsRecord: name === "a record in hand",
  };
  const child = new ProbeProcess(settings);
  try {
    await child.line();
    if (fault === "away") await world.proxy.close();
    const handle = typeof fault === "object" ? faults.add({ ...fault, client }) : undefined;
    await sleep(300);
    child.tellToStop();
    const report = JSON.parse(await child.line()) as StopReport;
    const hasEnded = await child.endsWithin(END_TIMEOUT_MS);
    handle?.remove();
    return { fault: name, stopMs: Math.round(report.stopMs), problem: problemOf(report, hasEnded) };
  } catch (error) {
    return { fault: name, stopMs: 0, problem: String(error) };
  } finally {
    child.kill();
  }
}

function problemOf({ left, stopMs }: StopReport, hasEnded: boolean): string | undefined {
  if (stopMs > DEADLINE_MS + PATIENCE_MS) return `stop() took longer than ${DEADLINE_MS} ms`;
  if (left.length > 0) return `left behind: ${left.join(", ")}`;
  return hasEnded ? undefined : `the process lived on for ${END_TIMEOUT_MS} ms`;
}

class ProbeProcess {
  readonly #child;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  readonly #timer: ReturnType<typeof setTimeout>;
  #look = (): void => {};

  constructor(settings: StopProbeSettings) {
    const args = [...scriptArgs("node", PROGRAM), JSON.stringify(settings)];
    const stdio = ["pipe", "pipe", "inherit"] as const;
    this.#child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: environment(),
      stdio: [...stdio],
    });
    this.#child.stdin!.on("error", () => {});
    this.#ended = new Promise((resolve) => this.#child.once("exit", () => resolve()));
    this.#timer = setTimeout(() => this.kill(), PROBE_TIMEOUT_MS);
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.#lines.push(line);
      this.#look();
    });
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const next = new Promise<string>((resolve) => {
      this.#look = () => {
        if (this.#lines.length > 0) resolve(this.#lines.shift()!);
      };
      this.#look();
    });
    const failed = this.#ended.then(() => sleep(100)).then(() => "");
    const line = await Promise.race([next, failed]);
    if (line === "") throw new Error("The process ended, or was ended, before it had stopped");
    return line;
  }

  tellToStop(): void {
    this.#child.stdin!.write("stop\n");
  }

  async endsWithin(timeoutMs: number): Promise<boolean> {
    const waiting = new AbortController();
    const timeout = sleep(timeoutMs, false, waiting).catch(() => false);
    const hasEnded = await Promise.race([this.#ended.then(() => true), timeout]);
    waiting.abort();
    return hasEnded;
  }

  kill(): void {
    clearTimeout(this.#timer);
    this.#child.kill("SIGKILL");
  }
}
