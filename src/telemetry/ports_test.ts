// The contract: on real servers, what a client does and the calls to AWS that it makes for that form
// trees, without a context manager; a user's own port keeps its spans, and a wrapped one its answers.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type EmbeddedServers, startEmbeddedServers } from "../../testing/local_servers.ts";
import { recordSpans } from "../../testing/spans.ts";
import { assertNoSpan } from "../../testing/spans_assert.ts";
import { assertSpanTree } from "../../testing/spans_tree.ts";
import { openStreams } from "../../testing/streams.ts";
import { Kinsumer } from "../kinsumer.ts";

const LIMIT = { timeout: 60_000 };

describe("spans of ports", () => {
  let servers: EmbeddedServers;
  before(async () => {
    servers = await startEmbeddedServers();
  }, LIMIT);
  after(() => servers.stop());

  it("have the calls to AWS below them", LIMIT, async () => {
    const { stop: _, ...local } = servers;
    const streams = openStreams(local);
    await streams.create("traced", { shardCount: 1 });
    await streams.put("traced", [{ partitionKey: "a", data: "payload" }]);
    const spans = await recordSpans({ filter: { streamName: "traced", clientId: "the client" } });
    await spans.during(async () => {
      const kinsumer = new Kinsumer({
        ...local,
        streamName: "traced",
        applicationName: "traced",
        clientId: "the client",
        shardCheckIntervalMs: 100,
        clientRecordMaxAgeMs: 30_000, // patience: what is repeated has another tree
        commitIntervalMs: 100,
        tableWaiterDelayMs: 20,
      });
      await kinsumer.createRequiredTables();
      await kinsumer.run();
      const record = await kinsumer.next();
      assert.equal(record?.text(), "payload");
      const next = kinsumer.next(); // acknowledges
      await spans.waitFor("commit traced", { timeoutMs: 30_000 });
      await kinsumer.stop();
      assert.equal(await next, undefined);
      const table = { "aws.dynamodb.table_names": ["traced_checkpoints"], "kinsumer.attempts": 1 };
      const update = { name: "DynamoDB.UpdateItem", kind: "client", attributes: table } as const;
      for (const name of ["capture traced", "commit traced", "release traced"]) {
        assertSpanTree(spans, { name, status: "unset", children: [update] });
      }
      const id = { "aws.request_id": /^[\w-]{30,}$/, "http.response.status_code": 200 };
      const get = {
        name: "Kinesis.GetRecords",
        kind: "client",
        attributes: id,
        children: [],
      } as const;
      assertSpanTree(spans, {
        name: "read traced",
        attributes: { "messaging.batch.message_count": 1 },
        children: [get],
      }, { mayHaveMore: true }); // a server that knows no CBOR is asked twice
      assertSpanTree(spans, {
        name: "lead traced",
        attributes: { "kinsumer.outcome": "won" },
        children: [{ ...update, attributes: {} }],
      });
      assertSpanTree(spans, { name: "receive traced", children: [] });
      const failed = spans.all().filter(({ name }) => name.endsWith(" traced"));
      assertNoSpan(failed, { status: "error" });
    }).finally(() => spans.stop());
  });
});
