/**
 * Measures what is no comparison of throughput: scale, idleness, memory under a stalled consumer,
 * what DynamoDB is asked, and how fast a fleet reacts.
 *
 * @module
 */

import { type BenchContext, newApplication, runSubject, startSubject } from "./bench.ts";
import { BEST } from "./plan.ts";
import type { RuntimeName } from "./runtimes.ts";
import type { StreamShape } from "./stream_shape.ts";

/** One figure, with the name under which goals and tables know it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

function stream(shape: Partial<StreamShape>): StreamShape {
  return {
    shardCount: 8,
    recordBytes: 1024,
    recordsPerRead: 200,
    payload: "json",
    readsUntilClosed: 0,
    ...shape,
  };
}

const EMPTY = { recordsPerRead: 0 };

/** Cost per million records, idle cost per shard, and start-up, by the number of shards. */
export async function measureScale(context: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const shardCount of context.isQuick ? [1, 8] : [1, 8, 32, 128, 512, 1_000]) {
    const of = { program: "kinsumer", runtime: "node" } as const;
    // A shard gives 800 records a second: with few of them, fewer must do.
    const records = context.isQuick ? 400 : Math.min(200_000, shardCount * 12_000);
    const busy = await runSubject(context, of, {
      shape: stream({ shardCount }),
      records,
      warmUpRecords: records / 2,
    });
    const million = busy.measured.cpuMs * 1000 / busy.measured.records;
    figures.push(figure(`scale: ${shardCount} shards, CPU s/M`, million, "s"));
    const capturedMs = busy.measured.allCapturedMs ?? Number.NaN;
    figures.push(figure(`scale: ${shardCount} shards, all captured`, capturedMs, "ms"));
    const idle = await runSubject(context, of, {
      shape: stream({ shardCount, ...EMPTY }),
      warmUpMs: context.isQuick ? 500 : 5_000 + 10 * shardCount, // until all are captured, and calm
      durationMs: context.isQuick ? 500 : 8_000,
    });
    const share = 1000 * idle.measured.cpuMs / idle.measured.wallMs / shardCount;
    figures.push(figure(`scale: ${shardCount} shards, idle CPU a shard`, share, "ms/s"));
    context.say(`scale, ${shardCount} shards: ${million.toFixed(2)} CPU s/M`);
  }
  return figures;
}

/** What telemetry itself does for a read and its batch, by the SDK that is registered. */
export async function measureTelemetry(context: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (
    const [name, telemetry] of [
      ["no SDK", undefined],
      ["SDK sampling 0", "traces"],
      ["SDK and metrics", "traces and metrics"],
    ] as const
  ) {
    const setup = telemetry === undefined ? BEST.node : { ...BEST.node, telemetry };
    const load = { shape: stream({}), setup, records: context.isQuick ? 1_000 : 50_000 };
    const of = { program: "telemetry_alone", runtime: "node" } as const;
    const { cpuMs, records } = await startSubject(context, of, load).measurement();
    const cost = 1_000 * cpuMs / records;
    figures.push(figure(`telemetry of a read and its batch: ${name}`, cost, "µs"));
    context.say(`telemetry of a read and its batch, ${name}: ${cost.toFixed(2)} µs`);
  }
  return figures;
}

/** What an empty poll costs, and 128 idle shards. */
export async function measureIdle(
  context: BenchContext,
  runtimes: readonly RuntimeName[],
  { isGoals }: { readonly isGoals: boolean },
): Promise<Figure[]> {
  const figures: Figure[] = [];
  const durationMs = context.isQuick ? 500 : 5_000;
  const poll = async (
    name: string,
    runtime: RuntimeName,
    program: "floor_own" | "floor_naive" | "sdk" | "go-sdk",
  ) => {
    const shape = stream({ ...EMPTY, shardCount: 4 });
    const load = { shape, warmUpMs: durationMs / 2, durationMs };
    const { measured, served } = await runSubject(context, { program, runtime }, load);
    const cost = measured.cpuMs * 1000 / Math.max(1, measured.calls ?? 0);
    figures.push(figure(`empty poll: ${name}`, cost, "µs"));
    const opened = served.kinesis.connections / Math.max(1, served.kinesis.reads);
    figures.push(figure(`connections a call: ${name}`, opened, ""));
    context.say(`empty poll, ${name}: ${cost.toFixed(0)} µs`);
  };
  for (const runtime of runtimes) {
    await poll(`kinsumer's own call, ${runtime}`, runtime, "floor_own");
    if (isGoals) continue;
    await poll(`fetch and aws4fetch, ${runtime}`, runtime, "floor_naive");
    await poll(`AWS SDK v3, ${runtime}`, runtime, "sdk");
  }
  const hasGo = context.go !== undefined && !isGoals;
  if (hasGo) await poll("Go SDK v1", "node", "go-sdk");
  for (const runtime of runtimes) {
    figures.push(await idleShare(context, { program: "kinsumer", runtime }));
  }
  if (hasGo) {
    figures.push(await idleShare(context, { program: "go", runtime: "node" }));
  }
  return figures;
}

async function idleShare(
  context: BenchContext,
  of: { readonly program: "kinsumer" | "go"; readonly runtime: RuntimeName },
): Promise<Figure> {
  const { measured } = await runSubject(context, of, {
    shape: stream({ shardCount: context.isQuick ? 4 : 128, ...EMPTY }),
    warmUpMs: context.isQuick ? 500 : 10_000,
    durationMs: context.isQuick ? 500 : 20_000,
  });
  const name = of.program === "go" ? "Go kinsumer" : `kinsumer, ${of.runtime}`;
  const percent = 100 * measured.cpuMs / measured.wallMs;
  context.say(`128 idle shards, ${name}: ${percent.toFixed(2)} % of a core`);
  return figure(`128 idle shards: ${name}`, percent, "%");
}

/** The peak with 128 shards of 10 KiB records and a consumer that stalls. */
export async function measureMemory(
  context: BenchContext,
  runtimes: readonly RuntimeName[],
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const runtime of runtimes) {
    const setup = { ...BEST[runtime], consume: "stall" } as const;
    const { measured } = await runSubject(context, { program: "kinsumer", runtime }, {
      shape: stream({
        shardCount: context.isQuick ? 4 : 128,
        recordBytes: 10_240,
        recordsPerRead: 1_000,
      }),
      durationMs: context.isQuick ? 1_000 : 15_000,
      setup,
    });
    const mib = measured.peakBytes / 1_048_576;
    figures.push(figure(`stalled consumer, 128 × 10 KiB × 1,000: ${runtime}`, mib, "MiB"));
    context.say(`stalled consumer, ${runtime}: ${mib.toFixed(0)} MiB`);
  }
  return figures;
}

/** What DynamoDB is asked, busy and idle. */
export async function measureTables(context: BenchContext): Promise<Figure[]> {
  const { servers, isQuick } = context;
  const of = { program: "kinsumer", runtime: "node" } as const;
  const settleMs = isQuick ? 500 : 10_000;
  const durationMs = isQuick ? 500 : 60_000;
  const count = async (clients: number, shape: StreamShape) => {
    const application = newApplication();
    const load = { shape, application, durationMs: 120_000 };
    const running = Array.from({ length: clients }, () => startSubject(context, of, load));
    await sleep(settleMs);
    await servers.reset();
    await sleep(durationMs);
    const { tables, elapsedMs } = await servers.counts();
    for (const each of running) each.end("SIGKILL");
    return { perSecond: (count: number) => 1000 * count / elapsedMs, tables };
  };
  const busy = await count(1, stream({ recordsPerRead: 50 }));
  const writes = 60 * busy.perSecond(busy.tables.checkpointWrites);
  const all = 60 * busy.perSecond(busy.tables.writes);
  const idle = await count(2, stream(EMPTY));
  const requests = idle.perSecond(idle.tables.requests) / 2;
  context.say(`tables: ${writes.toFixed(0)} checkpoints a minute, ${requests.toFixed(2)} idle`);
  return [
    figure("8 busy shards: checkpoints a minute", writes, ""),
    figure("8 busy shards: all writes a minute", all, ""),
    figure("idle requests a second and client", requests, ""),
  ];
}

/** How long until every shard flows again. */
export async function measureFailOver(context: BenchContext): Promise<Figure[]> {
  const of = { program: "kinsumer", runtime: "node" } as const;
  const shape = stream({ recordsPerRead: 10 });
  const start = (application: string, clientId: string) => {
    const options = { clientId, credentials: { accessKeyId: clientId, secretAccessKey: "c" } };
    const setup = { ...BEST.node, options };
    return startSubject(context, of, { shape, application, setup, durationMs: 170_000 });
  };
  const figures: Figure[] = [];
  for (const how of ["crash", "clean stop", "join"] as const) {
    const application = newApplication();
    await context.servers.reset();
    // The first has the lowest ID: it leads, and its loss is the worst.
    const leader = start(application, "a");
    const readers = async () => {
      const { kinesis } = await context.servers.counts();
      return Object.values(kinesis.lastReads).filter(({ atMs }) => Date.now() - atMs < 1_000);
    };
    await until(async () => (await readers()).length === 8);
    const second = how === "join" ? undefined : start(application, "b");
    if (second !== undefined) {
      await until(async () => (await readers()).filter(({ client }) => client === "b").length >= 4);
      await sleep(3_000);
    } else await sleep(5_000);
    const { kinesis: { lastReads: before } } = await context.servers.reset();
    const atMs = Date.now();
    if (how === "crash") leader.end("SIGKILL");
    if (how === "clean stop") leader.end("SIGTERM");
    const third = how === "join" ? start(application, "c") : undefined;
    await until(async () => {
      const now = await readers();
      const wanted = how === "join" ? "c" : "b";
      return now.filter(({ client }) => client === wanted).length >= (how === "join" ? 4 : 8);
    });
    figures.push(figure(`fail-over: ${how}`, (Date.now() - atMs) / 1000, "s"));
    const { kinesis } = await context.servers.counts();
    const stayed = Object.entries(kinesis.lastReads).filter(([shardId, { client }]) =>
      before[shardId]?.client === client
    );
    if (stayed.length < 4) throw new Error(`Only ${stayed.length} shards stayed at a ${how}`);
    const pauseMs = Math.max(...stayed.map(([, { longestGapMs }]) => longestGapMs));
    figures.push(figure(`longest pause of a shard that stayed: ${how}`, pauseMs, "ms"));
    for (const each of [leader, second, third]) each?.end("SIGKILL");
    context.say(`fail-over, ${how}: ${figures.at(-2)?.value.toFixed(1)} s`);
  }
  return figures;
}

async function until(predicate: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = Date.now() + 90_000;
  while (!await predicate()) {
    if (Date.now() > giveUpAtMs) throw new Error("Cannot measure: it never came about");
    await sleep(50);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit };
}
