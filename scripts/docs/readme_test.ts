/**
 * Contract: the documents tell the truth. The README's examples run, and it fits five screens; the
 * tables name every option, error code and event, with the defaults and ranges that the code has;
 * the policy allows what the code calls and no more; the map of the house shows every room.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinsumerOptions } from "../../src/options.ts";
import { resolveOptions } from "../../src/resolve_options.ts";
import { ATTRIBUTES, METRICS } from "../../src/telemetry/names.ts";
import { eventually } from "../../testing/collect.ts";
import { startEmbeddedServers } from "../../testing/local_servers.ts";
import { openStreams } from "../../testing/streams.ts";
import { ROOT } from "../runtimes.mjs";
import { sourceFiles } from "../suite/files.mjs";
import { type RunningExample, startExample } from "./examples.ts";
import { documents, fencedBlocks, inTicks, read, table } from "./markdown.mjs";

/** Deno does not read the types of a JavaScript module. */
interface Block {
  readonly language: string;
  readonly code: string;
}

const README = "README.md";
/** The page of each table that is held to the code. */
const PAGES = {
  options: "docs/options.md",
  errors: "docs/errors.md",
  events: "docs/watching.md",
  policy: "docs/aws.md",
} as const;
const LIMIT = { timeout: 60_000 };

function exampleWith(path: string, text: string): string {
  const block = fencedBlocks(path).find(({ language, code }: Block) =>
    language === "ts" && code.includes(text)
  );
  assert.ok(block, `${path} has no example with ${text}`);
  return block.code;
}

/** Waits for a program; kills it when the wait fails. */
async function withExample(
  example: RunningExample,
  use: (example: RunningExample) => Promise<void>,
): Promise<void> {
  try {
    await use(example);
  } catch (cause) {
    throw new Error(`The example failed; it printed:\n${example.output()}`, { cause });
  } finally {
    example.kill("SIGKILL");
    await example.ended;
  }
}

describe("the first examples", () => {
  it(
    "that of the README consumes a stream until SIGTERM, and then ends by itself",
    LIMIT,
    async () => {
      const code = fencedBlocks(README)[0]!.code;
      assert.ok(code.split("\n").length <= 10, "it should have ten lines");
      const servers = await startEmbeddedServers();
      try {
        const streams = openStreams(servers);
        await streams.create("orders", { shardCount: 2 });
        const texts = Array.from({ length: 50 }, (_, index) => `order ${index}`);
        const put = await streams.put(
          "orders",
          texts.map((data, index) => ({ data, partitionKey: `key ${index}` })),
        );
        const expected = put.map(({ shardId }, index) => `${shardId} ${texts[index]}`).sort();
        const example = startExample(code, {
          modules: { kinsumer: "scripts/docs/local_kinsumer.ts" },
          env: {
            AWS_REGION: servers.region,
            KINSUMER_KINESIS_ENDPOINT: servers.kinesisEndpoint,
            KINSUMER_DYNAMODB_ENDPOINT: servers.dynamodbEndpoint,
          },
        });
        await withExample(example, async ({ output, kill, ended }) => {
          const lines = () => output().split("\n").filter((line) => line !== "").sort();
          await eventually("every record is printed", () => lines().length >= 50, 40_000);
          kill("SIGTERM");
          assert.equal(await ended, 0);
          assert.deepEqual(lines(), expected);
        });
      } finally {
        await servers.stop();
      }
    },
  );

  it("that without servers runs as it stands", LIMIT, async () => {
    const example = startExample(exampleWith("docs/testing-simulated.md", "simulateKinesis"), {
      modules: { "kinsumer": "mod.ts", "kinsumer/testing": "testing/mod.ts" },
    });
    await withExample(example, async ({ output, ended }) => {
      assert.equal(await ended, 0);
      const totals = [...output().matchAll(/total: (\d+)/g)].map((match) => match[1]).sort();
      assert.deepEqual(totals, ["12", "30"]);
    });
  });
});

/** The option's docstring and name, of each property of the interface. */
function documentedOptions(): ReadonlyMap<string, string> {
  const source = read("src/options.ts");
  const body = source.slice(source.indexOf("export interface KinsumerOptions {"));
  const properties = body.matchAll(/^ {2}\/\*\*(.*?)\*\/\n {2}readonly (\w+)\??:/gms);
  const plain = (text: string) => text.replace(/\n\s*\* ?/g, " ").replace(/\s+/g, " ").trim();
  return new Map([...properties].map((match) => [match[2]!, plain(match[1]!)]));
}

interface OptionRow {
  readonly name: string;
  readonly standard: string;
  readonly range: string;
}

function optionRows(): readonly OptionRow[] {
  return table(PAGES.options, "option").map(([name = "", standard = "", range = ""]) => ({
    name: inTicks(name)[0] ?? name,
    standard,
    range,
  }));
}

const REQUIRED = { streamName: "orders", applicationName: "billing" };
const RUNTIME_REGION = { region: "eu-west-1" };

function resolve(options: Partial<KinsumerOptions>): Readonly<Record<string, unknown>> {
  return { ...resolveOptions({ ...REQUIRED, ...RUNTIME_REGION, ...options }) };
}

describe("the table of options", () => {
  it("names every option once", () => {
    const named = optionRows().map(({ name }) => name);
    assert.deepEqual([...named].sort(), [...documentedOptions().keys()].sort());
  });

  it("has the default of each docstring", () => {
    const documented = documentedOptions();
    for (const { name, standard } of optionRows()) {
      const doc = /@default (.*)$/.exec(documented.get(name) ?? "")?.[1];
      if (doc === undefined) {
        assert.ok(["required", "–"].includes(standard), `${name}: the code documents no default`);
        continue;
      }
      const isPlain = !/\d{3}|^\{/.test(doc); // words, no value
      if (isPlain) assert.equal(standard, doc, name);
    }
  });

  it("has the defaults that the code fills in", () => {
    const resolved = resolve({});
    for (const { name, standard } of optionRows()) {
      const value = resolved[name];
      const isFilledIn = typeof value === "number" || name === "startAt" || name === "acknowledge";
      if (isFilledIn) assert.equal(inTicks(standard)[0], JSON.stringify(value), name);
    }
  });

  it("has the ranges that the code allows", () => {
    const rows = optionRows().filter(({ name }) => typeof resolve({})[name] === "number");
    assert.ok(rows.length >= 11, `only ${rows.length} options are numbers`);
    for (const { name, range } of rows) {
      const [, min, max] = /^([\d,]+) to ([\d,]+)/.exec(range) ?? [];
      assert.ok(min !== undefined && max !== undefined, `${name} has no range`);
      const [least, most] = [min, max].map((text) => Number(text.replaceAll(",", "")));
      const attempt = (value: number) => () => resolve({ [name]: value });
      assert.doesNotThrow(attempt(least!), `${name}: ${least}`);
      assert.doesNotThrow(attempt(most!), `${name}: ${most}`);
      assert.throws(attempt(least! - 1), RangeError, `${name}: ${least! - 1}`);
      assert.throws(attempt(most! + 1), RangeError, `${name}: ${most! + 1}`);
    }
  });
});

describe("the other tables", () => {
  it("names every error code, and no other", () => {
    const source = read("src/errors.ts");
    const union = /export type KinsumerErrorCode =([^;]*);/.exec(source)?.[1] ?? "";
    const codes = [...union.matchAll(/"(\w+)"/g)].map((match) => match[1]);
    assert.deepEqual(table(PAGES.errors, "code").map(([code = ""]) => inTicks(code)[0]), codes);
    const troubles = table("docs/operations.md", "code").flatMap(([code = ""]) => inTicks(code));
    assert.deepEqual([...troubles].sort(), [...codes].sort(), "docs/operations.md");
  });

  it("are joined by docs/testing.md, which names every code, option and fault", () => {
    const union = /export type LocalKinesisErrorCode =([^;]*);/.exec(
      read("testing/local_error.ts"),
    );
    const codes = [...(union?.[1] ?? "").matchAll(/"(\w+)"/g)].map((match) => match[1]);
    assert.deepEqual(
      table("docs/testing.md", "code").map(([code = ""]) => inTicks(code)[0]),
      codes,
    );
    const options = read("testing/local_options.ts");
    const known = /const KNOWN[^=]*= \{([^}]*)\}/.exec(options)?.[1] ?? "";
    const named = table("docs/testing.md", "option").flatMap(([option = ""]) => inTicks(option));
    const wanted = [...known.matchAll(/(\w+): true/g)].map((match) => match[1]!);
    assert.deepEqual([...named].sort(), [...wanted].sort());
    const faults = read("testing/local_faults.ts");
    const methods = /export interface LocalFaults \{(.*?)^\}/ms.exec(faults)?.[1] ?? "";
    const orders = [...methods.matchAll(/^ {2}(\w+)\(/gm)].map((match) => match[1]!);
    const rows = table("docs/testing.md", "fault").map(([method = ""]) => /\w+/.exec(method)?.[0]);
    assert.ok(orders.length >= 11, orders.join());
    const missing = orders.filter((each) => each !== "clear" && !rows.includes(each));
    assert.deepEqual(missing, []);
  });

  it("names every event with its facts and its level", () => {
    const source = read("src/events.ts");
    const union = source.slice(
      source.indexOf("type KinsumerEvent ="),
      source.indexOf("/** Receives"),
    );
    const members = union.split("readonly type: ").slice(1).map((member: string) => ({
      type: /"([\w-]+)"/.exec(member)?.[1],
      facts: [...member.matchAll(/readonly (\w+)\??:/g)].map((match) => match[1]).sort(),
    }));
    const rows = table(PAGES.events, "event");
    assert.deepEqual(
      rows.map(([event = "", , facts = ""]) => ({
        type: inTicks(event)[0],
        facts: inTicks(facts).sort(),
      })),
      members,
    );
    const announcer = read("src/loops/announcer.ts");
    for (const [event = "", level = ""] of rows) {
      const actual = new RegExp(`"?${inTicks(event)[0]}"?: "(\\w+)"`).exec(announcer)?.[1] ??
        "info";
      assert.equal(level.split(";")[0], actual, event);
    }
  });

  it("are joined by those of docs/protocol.md, which name every attribute of a row", () => {
    const text = read("docs/protocol.md");
    const sources = ["clients", "checkpoints", "metadata", "item"]
      .map((name) => read(`src/tables/${name}.ts`)).join("\n");
    const written = [...sources.matchAll(/(?:^\s+|\{ )([A-Z]\w+): /gm)];
    const attributes = [...new Set(written.map((match) => match[1]!))];
    assert.ok(attributes.length >= 12, attributes.join(", "));
    assert.deepEqual(attributes.filter((each) => !text.includes(`\`${each}\``)), []);
  });

  it("allows by its policy what the code calls, and no more", () => {
    const block = fencedBlocks(PAGES.policy).find(({ language }: Block) => language === "json");
    const policy: { Statement: readonly { Action: readonly string[] }[] } = JSON.parse(block!.code);
    const allowed = policy.Statement.flatMap(({ Action }) => Action).sort();
    const called = ["kinesis", "dynamodb"].flatMap((service) => {
      const files = service === "kinesis" ? [service] : [service, "batch_get"];
      const source = files.map((file) => read(`src/aws/${file}.ts`)).join("\n");
      const asks = /\bask\("(\w+)"|from "\.\/documents\.ts"/g; // which asks for GetRecords
      const names = [...source.matchAll(asks)].map((match) => match[1] ?? "GetRecords");
      return [...new Set(names)].map((name) => `${service}:${name}`);
    }).sort();
    assert.deepEqual(allowed, called);
  });
});

describe("the documents", () => {
  it("alarm only on metrics that there are", () => {
    const known = new Set<string>(Object.values(METRICS).map(({ name }) => name));
    const cells = table("docs/operations.md", "alarm").flatMap((row: string[]) =>
      row.flatMap(inTicks)
    );
    const named = cells.filter((each: string) => each.startsWith("kinsumer."));
    assert.ok(named.length >= 10, named.join());
    const attributes = new Set<string>(Object.values(ATTRIBUTES));
    const unknown = named.filter((each: string) => !known.has(each) && !attributes.has(each));
    assert.deepEqual(unknown, []);
  });

  it("begin with a README of five screens: what is longer stands in docs/", () => {
    const lines = read(README).trimEnd().split("\n").length;
    assert.ok(lines <= 400, `README.md has ${lines} lines`);
  });

  it("say of installs what was weighed", () => {
    const row = read(README).split("\n").find((line: string) => line.startsWith("| an install"));
    const sizes = [...row?.matchAll(/\d+ packages, [\d.]+ MB/g) ?? []].map(String);
    assert.equal(sizes.length, 4, row);
    for (const size of sizes) assert.ok(read("docs/edge.md").includes(`| ${size}`), size);
  });

  it("name only tasks that package.json has", () => {
    const { scripts } = JSON.parse(read("package.json"));
    for (const path of documents()) {
      for (const [, task = ""] of read(path).matchAll(/\bnpm run ([\w:-]+)/g)) {
        assert.ok(task in scripts, `${path}: npm run ${task}`);
      }
    }
  });

  it("tell in the changelog of the version that package.json has", () => {
    const { version } = JSON.parse(read("package.json"));
    assert.ok(read("CHANGELOG.md").includes(`## ${version}`), `no section "${version}"`);
  });

  it("show every source file in the map of CONTRIBUTING.md", () => {
    const map = read("CONTRIBUTING.md");
    const files = sourceFiles(ROOT, ["src"]).filter((path: string) =>
      path.endsWith(".ts") && !path.endsWith("_test.ts")
    );
    const missing = files.filter((path: string) => {
      const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.ts$/, "");
      return !new RegExp(`\\b${name}\\b`).test(map);
    });
    assert.deepEqual(missing, [], "add them to the layers of CONTRIBUTING.md");
  });
});
