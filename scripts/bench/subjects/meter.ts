/**
 * Measures a subject from within: counts records, and reports CPU time, memory and time as one JSON
 * line when it has seen enough. Every subject looks at each payload once, by {@linkcode Meter.see}.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";

/** What a subject is asked to do. */
export interface Assignment {
  readonly kinesis: string;
  readonly tables: string;
  readonly dynalite: string;
  readonly stream: string;
  readonly application: string;
  readonly shardIds: readonly string[];
  /** Records seen before the measurement begins. */
  readonly warmUpRecords: number;
  /** Records of the measurement; 0: it is ended by time. */
  readonly records: number;
  /** Milliseconds of warm-up and of measurement, where no records come. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** How Kinsumer is to be set up; ignored by the others. */
  readonly setup: Setup;
}

/** A set-up of Kinsumer, or of the loop under it. */
export interface Setup {
  readonly wire: "json" | "cbor";
  readonly transport: "fetch" | "node";
  readonly consume: "records" | "batches" | "stall";
  /** The OpenTelemetry SDK that is registered: none where absent. */
  readonly telemetry?: "traces" | "traces and metrics";
  /** Options of Kinsumer beside. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** What a subject reports. */
export interface Measurement {
  /** Measured, after the warm-up. */
  readonly records: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Over the life of the process, in bytes. */
  readonly peakBytes: number;
  /** From the start of the consumer (not of the process) to the first record. */
  readonly firstRecordMs?: number | undefined;
  /** Calls that an empty poller made while it was measured. */
  readonly calls?: number | undefined;
  /** From the start of the consumer until it owned every shard. */
  readonly allCapturedMs?: number | undefined;
}

/** One subject's measurement. */
export class Meter {
  /** Resolves when enough was seen. */
  readonly finished: Promise<void>;
  readonly #assignment: Assignment;
  readonly #startedAtMs = performance.now();
  #finish = (): void => {};
  #count = 0;
  #sum = 0;
  #firstRecordMs: number | undefined;
  #from: { readonly cpuMs: number; readonly atMs: number; readonly count: number } | undefined;
  #measurement: Measurement | undefined;
  calls = 0;
  #allCapturedMs: number | undefined;

  constructor(assignment: Assignment) {
    this.#assignment = assignment;
    this.finished = new Promise((resolve) => this.#finish = resolve);
    if (assignment.records > 0) return;
    setTimeout(() => {
      this.calls = 0;
      this.#from = this.#now();
    }, assignment.warmUpMs);
    setTimeout(() => this.#end(), assignment.warmUpMs + assignment.durationMs);
  }

  /** Whether enough was seen. */
  get isDone(): boolean {
    return this.#measurement !== undefined;
  }

  /** Looks at one payload. */
  see(data: Uint8Array | string): void {
    this.#sum += data.length + Number(data[0]);
  }

  /** Notes that so many records were seen. */
  passed(count: number): void {
    this.#firstRecordMs ??= performance.now() - this.#startedAtMs;
    this.#count += count;
    const { warmUpRecords, records } = this.#assignment;
    if (this.#measurement !== undefined || records === 0) return;
    if (this.#from === undefined) {
      if (this.#count >= warmUpRecords) this.#from = this.#now();
    } else if (this.#count >= this.#from.count + records) this.#end();
  }

  /** Notes that every shard is owned now. */
  captured(): void {
    this.#allCapturedMs = performance.now() - this.#startedAtMs;
  }

  /** Prints the measurement. */
  report(): void {
    process.stdout.write(`${JSON.stringify(this.#measurement)}\n`);
  }

  #now(): { readonly cpuMs: number; readonly atMs: number; readonly count: number } {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, atMs: performance.now(), count: this.#count };
  }

  #end(): void {
    const from = this.#from ?? this.#now();
    const now = this.#now();
    this.#measurement = {
      records: now.count - from.count,
      cpuMs: now.cpuMs - from.cpuMs,
      wallMs: now.atMs - from.atMs,
      peakBytes: peakBytes(),
      firstRecordMs: this.#firstRecordMs,
      calls: this.calls,
      allCapturedMs: this.#allCapturedMs,
    };
    this.#finish();
  }
}

/** What this process is to do. */
export function assignment(): Assignment {
  return JSON.parse(process.argv[2] ?? "{}") as Assignment;
}

/** Reports, and ends the process at once: what the consumer would still do is of no interest. */
export function finish(meter: Meter): never {
  meter.report();
  process.exit(0);
}

/** The most memory that was resident at once, as the kernel counts it. */
function peakBytes(): number {
  try {
    const kib = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
