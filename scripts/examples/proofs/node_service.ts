/**
 * The service on Node bills every order once, tells its health, ends in order at SIGTERM, and its
 * spans and metrics reach the collector.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Inbox, openInbox } from "./http.ts";
import { assertBilledOnce, type Scene } from "./scene.ts";

/** Proves the example; returns what was seen. */
export async function proveNodeService(scene: Scene): Promise<string> {
  const collector = await openInbox();
  try {
    await scene.createStream(2);
    const orders = await scene.put(40);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, PORT: "0" };
    const service = scene.startNode("service.ts", env);
    await service.until("bills 40 orders", () => service.count(/^billed /gm) >= 40);
    const [, port] = await service.printed(/health:.*port: (\d+)/);
    const health = await fetch(`http://127.0.0.1:${port}/`);
    const snapshot = await health.json() as { health: { status: string }; shards: unknown[] };
    assert.deepEqual([health.status, snapshot.health.status], [200, "healthy"]);
    assert.equal(snapshot.shards.length, 2);
    await service.stop();
    assertBilledOnce(service.output, orders);
    await scene.assertDone("billing");
    return `40 orders, health 200, ${telemetryOf(collector, scene.streamName)}`;
  } finally {
    await collector.close();
  }
}

function telemetryOf({ posted }: Inbox, streamName: string): string {
  const sent = (path: string): string => {
    const bodies = posted.filter((each) => each.path === path).map(({ body }) => body);
    assert.ok(
      bodies.every((body) => body.includes('"stringValue":"billing"')),
      "the service's name",
    );
    return bodies.join("\n");
  };
  const spans = [...sent("/v1/traces").matchAll(/"spanId":"\w+"[^}]*?"name":"([^"]+)"/g)]
    .map(([, name]) => name);
  const count = (name: string): number => spans.filter((each) => each === name).length;
  assert.equal(count(`process ${streamName}`), 40, spans.join(", "));
  for (const name of [`release ${streamName}`, "Kinesis.GetRecords", "DynamoDB.UpdateItem"]) {
    assert.ok(count(name) > 0, `no span "${name}" came`);
  }
  const metrics = sent("/v1/metrics");
  for (const name of ["kinsumer.records.read", "messaging.process.duration"]) {
    assert.ok(metrics.includes(`"${name}"`), `no metric "${name}" came`);
  }
  return `${spans.length} spans, metrics`;
}
