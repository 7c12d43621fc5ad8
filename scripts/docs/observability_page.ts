/**
 * Writes docs/observability.md from the lists of names and the union of events; its test holds the
 * page to them.
 *
 *     npm run docs:observability
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ATTRIBUTES, EVENTS, METRICS, OPERATIONS } from "../../src/telemetry/names.ts";
import { ROOT } from "../runtimes.mjs";
import { read } from "./markdown.mjs";

const HEAD = `# What can be seen

Every span, metric, attribute and event, from the sources: \`npm run docs:observability\` writes this page. How to use
them: [watching.md](watching.md). None carries record data, partition keys, messages of
errors, or credentials.

[observability/](observability/) has a [Grafana dashboard](observability/grafana-dashboard.json) for the metrics, with a
[configuration of the OpenTelemetry Collector](observability/collector.yaml) that takes traces and metrics by OTLP and
shows the metrics to Prometheus. Import the one; start the other with \`otelcol-contrib --config collector.yaml\`.
`;

/** What every metric has. */
const COMMON = [ATTRIBUTES.system, ATTRIBUTES.streamName, ATTRIBUTES.applicationName];

/** What the short words for attributes of metrics stand for. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  operation: [ATTRIBUTES.operationName, ATTRIBUTES.operationType],
  shard: [ATTRIBUTES.shardId],
  client: [ATTRIBUTES.clientId],
};

const OTHER_NAMES = `
## Under another name

| looked for | found as |
|---|---|
| throttled | the event \`retried\`, whose \`error.code\` is \`Throttled\`; \`throttled\` of a call's span; \`kinsumer.throttles\` |
| rebalance planned | the event \`rebalanced\`: its \`moveCount\` is what was planned; the span \`rebalance\` says which shards |
| stalled | the event \`shard-stalled\` |
| handed over | no event, for there is one a record: the span \`receive\`, \`messaging.client.consumed.messages\` |
`;

/** An event, as its union documents it. */
export interface EventFacts {
  readonly type: string;
  readonly level: string;
  readonly facts: readonly string[];
  readonly words: string;
}

/** The members of the union, in its order. */
export function eventFacts(): readonly EventFacts[] {
  const source: string = read("src/events.ts");
  const announcer: string = read("src/loops/announcer.ts");
  const union = source.slice(source.indexOf("type KinsumerEvent ="));
  const members = union.slice(0, union.indexOf("/** Receives")).split(/^ {2}\| \{$/m).slice(1);
  return members.map((member) => {
    const [, doc = "", type = ""] = /\/\*\*(.*?)\*\/\s*readonly type: "([\w-]+)"/s.exec(member) ??
      [];
    return {
      type,
      level: new RegExp(`"${type}": "(\\w+)"`).exec(announcer)?.[1] ?? "info",
      facts: [...member.matchAll(/readonly (\w+)\??:/g)].map((match) => match[1] ?? "").slice(1),
      words: plain(doc),
    };
  });
}

/** What stands above an entry of a list in names.ts. */
function words(list: string, key: string): string {
  const source: string = read("src/telemetry/names.ts");
  const body = source.slice(source.indexOf(`export const ${list} = {`));
  const found = new RegExp(`/\\*\\*((?:(?!\\*/).)*)\\*/\\s*${key}:`, "s").exec(
    body.slice(0, body.indexOf("} as const;")),
  );
  return plain(found?.[1] ?? "");
}

function plain(doc: string): string {
  return doc.replace(/\n\s*\* ?/g, " ").replace(/\s+/g, " ").trim();
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => `| ${row.join(" | ")} |`);
  return [`| ${heading.join(" | ")} |`, `|${"---|".repeat(heading.length)}`, ...lines, ""].join(
    "\n",
  );
}

function spans(): string {
  const rows = Object.entries(OPERATIONS).map(([name, facts]) => [
    `\`${name}\``,
    facts.kind,
    "type" in facts ? facts.type : "–",
    words("OPERATIONS", name),
  ]);
  return `
## Spans

Each is named with the stream, for example \`receive orders\`.

${table(["span", "kind", "type", "what it covers"], rows)}
Beside these, each call to AWS is a client span, named for example \`Kinesis.GetRecords\`, with the span events
${
    Object.values(EVENTS).map((name) => `\`${name}\``).join(" and ")
  } for its repetitions. It is below the operation that makes it; that of \`deadLetterStream()\` or
\`dedupeTable()\`, below what is active where they are called.

${table(["service", "calls"], calls())}`;
}

/** What the sources ask of AWS. */
function calls(): readonly (readonly string[])[] {
  const asked = {
    Kinesis: ["aws/kinesis", "aws/documents", "dead_letter_stream"],
    DynamoDB: ["aws/dynamodb", "aws/batch_get"],
  };
  return Object.entries(asked).map(([service, files]) => {
    const text = files.map((file): string => read(`src/${file}.ts`)).join("\n");
    const found = [...text.matchAll(/\bask\("(\w+)"|"Kinesis_20131202\.(\w+)"/g)];
    const names = new Set(found.map(([, asks, target]) => asks ?? target ?? ""));
    return [service, [...names].sort().map((name) => `\`${name}\``).join(", ")];
  });
}

function attributes(): string {
  const rows = Object.entries(ATTRIBUTES).map(([key, name]) => {
    const [of = "", what = ""] = words("ATTRIBUTES", key).split(" | ");
    return [`\`${name}\``, of, what];
  });
  return `
## Attributes

Of spans: those that are named have it, and where it says \`any\`, any may; every operation is every span but the calls.

${table(["attribute", "of", "what"], rows)}`;
}

/** For example `By operation, `error.type`.`: the attributes' names. */
function by(words: string): string {
  const names = words.replace(/^By (.*)\.$/, "$1").split(", ").filter((each) => each !== "");
  const whole = names.flatMap((each) => SHORT[each] ?? [each.replaceAll("`", "")]);
  return whole.map((each) => `\`${each}\``).join(", ") || "–";
}

function metrics(): string {
  const rows = Object.entries(METRICS).map(([key, { name, kind, unit, description }]) => [
    `\`${name}\``,
    kind,
    `\`${unit}\``,
    by(words("METRICS", key)),
    description,
  ]);
  return `
## Metrics

Each has ${COMMON.map((name) => `\`${name}\``).join(", ")} too.

${table(["metric", "kind", "unit", "by", "what"], rows)}`;
}

function events(): string {
  const rows = eventFacts().map(({ type, level, facts, words }) => [
    `\`${type}\``,
    level,
    facts.map((fact) => `\`${fact}\``).join(", "),
    words,
  ]);
  return `
## Events

By \`onEvent\`, and as a line to the \`logger\`.

${table(["event", "level in the log", "facts", "when"], rows)}`;
}

/** The page. */
export function observabilityPage(): string {
  return [HEAD, spans(), attributes(), metrics(), events(), OTHER_NAMES].join("");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(join(ROOT, "docs", "observability.md"), observabilityPage());
}
