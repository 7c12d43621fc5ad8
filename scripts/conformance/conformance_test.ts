// Contract: a probe tells what a service does, and not what was hoped for; the documents' table says
// what the simulation was observed to do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  NoPort,
  type Observation,
  probe,
  type Reply,
  type Subject,
  Unanswered,
} from "../../testing/conformance/observation.ts";
import { openSimulatedDatabase } from "../../testing/conformance/simulated_dynamodb.ts";
import { openSimulatedKinesis } from "../../testing/conformance/simulated_kinesis.ts";
import { compareCells, readCells, renderService } from "../../testing/conformance/table.ts";
import { DYNAMODB_TOPICS, KINESIS_TOPICS } from "../../testing/conformance/topics.ts";
import { ROOT } from "../runtimes.mjs";
import { observe } from "./columns.ts";

const TIMEOUT = { timeout: 60_000 };
const TOPICS = [...KINESIS_TOPICS, ...DYNAMODB_TOPICS];

/** Asks the one question whose text begins so. */
async function asked(start: string, subject: Subject): Promise<Observation> {
  const found = TOPICS.flatMap(({ probes }) => probes)
    .find(({ behaviour }) => behaviour.startsWith(start));
  assert.ok(found !== undefined, `there is no probe "${start}"`);
  return await probe(found, subject);
}

/** A subject that does something else with one operation. */
function broken(
  subject: Subject,
  operation: string,
  change: (reply: Reply) => Reply | Promise<Reply>,
): Subject {
  return {
    ...subject,
    ask: async (asked, input, options) => {
      const reply = await subject.ask(asked, input, options);
      return asked === operation ? await change(reply) : reply;
    },
  };
}

const fail = (error: Error) => (): never => {
  throw error;
};

describe("probe()", () => {
  it("holds for a subject that behaves", TIMEOUT, async () => {
    assert.equal((await asked("`TRIM_HORIZON`", openSimulatedKinesis())).verdict, "holds");
    assert.equal((await asked("Of 50", openSimulatedDatabase())).verdict, "holds");
  });

  it("says how another differs", TIMEOUT, async () => {
    const losing = broken(openSimulatedKinesis(), "GetRecords", (reply) => {
      const records = reply.body["Records"] as readonly unknown[];
      return { ...reply, body: { ...reply.body, Records: records.slice(1) } };
    });
    const differs = { verdict: "differs", how: "reads 2" };
    assert.deepEqual(await asked("`TRIM_HORIZON`", losing), differs);
    const careless = broken(openSimulatedDatabase(), "UpdateItem", (reply) => ({
      ...reply,
      status: 200,
    }));
    assert.deepEqual(await asked("Of 50", careless), { verdict: "differs", how: "50 succeed" });
    const lenient = { verdict: "differs", how: "accepts it" };
    assert.deepEqual(await asked("A write whose condition", careless), lenient);
  });

  it("tells silence, absence, and what cannot be asked apart", TIMEOUT, async () => {
    const question = "`LATEST`";
    const subject = openSimulatedKinesis();
    const silent = broken(subject, "GetShardIterator", fail(new Unanswered()));
    assert.deepEqual(await asked(question, silent), { verdict: "differs", how: "never answers" });
    const dumb = broken(subject, "GetShardIterator", fail(new NoPort()));
    assert.deepEqual(await asked(question, dumb), { verdict: "no port" });
    const type = "com.amazonaws#UnknownOperationException";
    const poor = broken(subject, "GetShardIterator", (reply) => ({ ...reply, status: 400, type }));
    assert.deepEqual(await asked(question, poor), { verdict: "absent" });
    const odd = broken(subject, "GetShardIterator", (reply) => ({ ...reply, status: 500 }));
    const how = "GetShardIterator answers 500";
    assert.deepEqual(await asked(question, odd), { verdict: "differs", how });
    await assert.rejects(asked(question, broken(subject, "PutRecord", fail(new RangeError()))));
  });
});

describe("the table of differences", () => {
  it("names each behaviour once", () => {
    const names = TOPICS.flatMap(({ probes }) => probes.map(({ behaviour }) => behaviour));
    assert.deepEqual(names.length, new Set(names).size);
  });

  it("says what the simulation was observed to do", TIMEOUT, async () => {
    const { services } = await observe(["simulation"]);
    const { problems, same } = compareCells({
      committed: readCells(readFileSync(join(ROOT, "docs", "local-servers.md"), "utf8")),
      observed: readCells(services.map(renderService).join("\n")),
      columns: ["simulation"],
      skipped: new Set(),
    });
    assert.deepEqual(problems, []);
    assert.equal(same, TOPICS.flatMap(({ probes }) => probes).length);
  });

  it("compareCells() finds what has changed, is new, or is gone", () => {
    const committed = readCells(
      "| T | AWS | a |\n| --- | --- | --- |\n| x | yes | yes |\n| y | yes | – |",
    );
    const observed = readCells(
      "| T | AWS | a |\n| --- | --- | --- |\n| x | yes | **no**: 1 \\| 2 |\n| z | yes | yes |",
    );
    const { problems, same } = compareCells({
      committed,
      observed,
      columns: ["a"],
      skipped: new Set(),
    });
    assert.equal(same, 0);
    assert.deepEqual(problems, [
      'a: x: "**no**: 1 | 2" was observed, "yes" is told',
      'a: z: "yes" was observed, "undefined" is told',
      "y: is told, and not probed any more",
    ]);
  });
});
