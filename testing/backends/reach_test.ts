// The contract: a container whose ports do not answer where the engine says is found where they do;
// where nothing answers, the error names each place that was asked, and what to set.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { reachableHost } from "./reach.ts";

const LIMIT = { timeout: 20_000 };

describe("reachableHost()", () => {
  const servers: Server[] = [];
  const ports: number[] = [];

  before(async () => {
    for (const status of [200, 404]) {
      const server = createServer((_, response) => response.writeHead(status).end("no stream"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      servers.push(server);
      ports.push((server.address() as AddressInfo).port);
    }
  });

  after(() => {
    for (const server of servers) server.close();
  });

  it("takes the first host whose every port answers", LIMIT, async () => {
    assert.equal(
      await reachableHost(["127.0.0.1", "127.0.0.2"], ports),
      "127.0.0.1",
    );
    assert.equal(
      await reachableHost(["127.0.0.2", "127.0.0.1"], ports),
      "127.0.0.1",
    );
  });

  it("waits for a port that opens late", LIMIT, async () => {
    const late = createServer((_, response) => response.end());
    await new Promise<void>((resolve) => late.listen(0, "127.0.0.1", resolve));
    const { port } = late.address() as AddressInfo;
    await new Promise<void>((resolve) => late.close(() => resolve()));
    const waiting = reachableHost(["127.0.0.1"], [port]);
    setTimeout(() => late.listen(port, "127.0.0.1"), 300);
    assert.equal(await waiting, "127.0.0.1");
    late.close();
  });

  it("names the places where nothing answers", LIMIT, async () => {
    const options = { timeoutMs: 200 };
    await assert.rejects(
      reachableHost(["127.0.0.2", "127.0.0.3"], [1], options),
      {
        code: "StartFailed",
        message:
          /nothing answers at 127\.0\.0\.2:1, 127\.0\.0\.3:1; set TESTCONTAINERS_HOST_OVERRIDE/,
      },
    );
  });
});
