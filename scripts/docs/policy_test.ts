/**
 * Contract: the permissions that the documents ask for are those that a fleet uses. Every request of
 * a small fleet's whole life, by action and resource, is allowed by the policy of docs/aws.md and
 * stands in the table of docs/operations.md; and what that table allows is used.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import { Kinsumer, type KinsumerOptions, runOnce } from "../../mod.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { eventually } from "../../testing/collect.ts";
import { FAST_OPTIONS } from "../../testing/fleet.ts";
import { startEmbeddedServers } from "../../testing/local_servers.ts";
import { openStreams } from "../../testing/streams.ts";
import { fencedBlocks, inTicks, table } from "./markdown.mjs";

/** Deno does not read the types of a JavaScript module. */
interface Block {
  readonly language: string;
  readonly code: string;
}

interface Statement {
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
}

const APPLICATIONS = "kinsumer_applications";
/** What so short a life need not come to. */
const SELDOM = [
  "BatchGetItem billing_checkpoints", // a closed shard is not finished when the leader looks
  "DeleteItem billing_checkpoints", // shards that are gone, once an hour
  `DeleteItem ${APPLICATIONS}`, // applications that are gone, after three minutes
  "GetItem billing_clients", // an owner is asked for, a beat or the leader's row was in doubt
  `GetItem ${APPLICATIONS}`, // a row of somebody whose clock is ahead
];

/** The requests of whoever uses this runtime, for example `UpdateItem billing_clients`. */
function recordingRuntime(seen: Set<string>): KinsumerOptions["runtime"] {
  const runtime = systemRuntime();
  return {
    ...runtime,
    fetch: async (url, request) => {
      const target = Object.entries(request.headers)
        .find(([name]) => name.toLowerCase() === "x-amz-target")?.[1] ?? "";
      const action = target.slice(target.indexOf(".") + 1);
      const input = typeof request.body === "string" ? JSON.parse(request.body) : {};
      const tables = target.startsWith("DynamoDB")
        ? [input.TableName ?? Object.keys(input.RequestItems ?? {})].flat()
        : ["orders"];
      for (const name of tables) seen.add(`${action} ${name}`);
      return await runtime.fetch(url, request);
    },
  };
}

/** A fleet's life: tables, two clients, a split, a run of its own, the end. */
async function live(seen: Set<string>): Promise<void> {
  const { stop, ...servers } = await startEmbeddedServers();
  const streams = openStreams(servers);
  const options: KinsumerOptions = {
    ...FAST_OPTIONS,
    ...servers,
    streamName: "orders",
    applicationName: "billing",
    coordination: { tableName: APPLICATIONS, intervalMs: 1_000 },
    pointInTimeRecovery: true,
    runtime: recordingRuntime(seen),
  };
  const start = async (): Promise<Kinsumer> => {
    const kinsumer = new Kinsumer(options);
    await kinsumer.run();
    kinsumer.process(() => {}).catch(() => {});
    return kinsumer;
  };
  try {
    await streams.create("orders", { shardCount: 2 });
    await new Kinsumer(options).createRequiredTables();
    const clients = [await start(), await start()];
    await streams.put("orders", [{ data: "one", partitionKey: "a" }]);
    await streams.split("orders", "shardId-000000000000");
    await streams.put("orders", [{ data: "two", partitionKey: "b" }]);
    const owned = (): number => clients.flatMap((client) => client.ownedShardIds).length;
    await eventually("the children are read", () => owned() === 3, 30_000);
    const isTold = (): boolean => seen.has(`UpdateItem ${APPLICATIONS}`);
    await eventually("the leader tells of its application", isTold, 30_000);
    for (const client of clients) await client.stop();
    const { coordination: _, pointInTimeRecovery: __, ...once } = options;
    await runOnce(once, () => {}, { budgetMs: 5_000 });
    await new Kinsumer(options).deleteTables();
  } finally {
    await stop();
  }
}

/** The pairs of action and resource that the policies of docs/aws.md allow. */
function allowed(): ReadonlySet<string> {
  const all: readonly Block[] = fencedBlocks("docs/aws.md");
  const blocks = all.filter(({ language }) => language === "json");
  const statements = blocks.flatMap(({ code }): readonly Statement[] => {
    const document = JSON.parse(code);
    return document.Statement ?? [document];
  });
  assert.equal(statements.length, 4, "the policy, and the statement of coordination");
  const pairs = statements.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) =>
      [Resource].flat().flatMap(resourcesOf).map((name) => `${action.split(":")[1]} ${name}`)
    )
  );
  return new Set(pairs);
}

function resourcesOf(arn: string): readonly string[] {
  const name = arn.slice(arn.indexOf("/") + 1);
  const tables = ["clients", "checkpoints", "metadata"].map((table) => `billing_${table}`);
  return name === "billing_*" ? tables : [name];
}

/** The pairs of the table of docs/operations.md. */
function tabled(): ReadonlySet<string> {
  const rows = table("docs/operations.md", "table").filter(([, actions = ""]) =>
    /`(Get|Describe)/.test(actions)
  );
  return new Set(rows.flatMap(([name = "", actions = ""]) => {
    const tables = name === "all three"
      ? ["billing_clients", "billing_checkpoints", "billing_metadata"]
      : [name.startsWith("`") ? `billing${inTicks(name)[0]}` : APPLICATIONS];
    const named = inTicks(actions).filter((each: string) => /^[A-Z]/.test(each)); // no option
    return named.flatMap((action: string) => tables.map((each) => `${action} ${each}`));
  }));
}

it("a fleet asks for what the documents allow, and they allow what it asks for", {
  timeout: 90_000,
}, async () => {
  const seen = new Set<string>();
  await live(seen);
  const policy = allowed();
  const forbidden = [...seen].filter((each) => !policy.has(each));
  assert.deepEqual(forbidden, [], "docs/aws.md does not allow");
  const ofTables = [...seen].filter((each) => !each.endsWith(" orders"));
  assert.deepEqual(ofTables.filter((each) => !tabled().has(each)), [], "docs/operations.md lacks");
  const unused = [...tabled()].filter((each) => !seen.has(each) && !SELDOM.includes(each));
  assert.deepEqual(unused, [], "nobody asks for");
});
