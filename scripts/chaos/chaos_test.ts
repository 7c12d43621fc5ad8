// The chaos run as a process: it refuses wrong arguments, and an interrupted run ends its clients
// and servers and leaves no file behind.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { runScript } from "../demo/run_script.ts";

const CHAOS = "scripts/chaos/main.ts";
const SMALL = ["--minutes", "1", "--shards", "4", "--clients", "3", "--rate", "20", "--seed", "1"];
const SLOW = { timeout: 100_000 };

describe("the chaos run", () => {
  let folder: string;
  const leftovers = () => readdirSync(folder).filter((name) => name.startsWith("kinsumer-chaos-"));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kinsumer-chaos-test-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("ends in an orderly way when it is interrupted", SLOW, async () => {
    const chaos = runScript(CHAOS, SMALL, { TMPDIR: folder });
    await chaos.printed(/starting 3 clients/);
    await chaos.printed(/[1-9]\d* produced/);
    assert.equal(leftovers().length, 1);
    chaos.signal("SIGINT");
    const { code, stderr, stdout } = await chaos.ended;
    assert.deepEqual([code, leftovers(), stderr], [130, [], ""]);
    assert.match(stdout, /Interrupted: clients and servers are stopped\n$/);
  });

  it("refuses a wrong argument with exit code 2", SLOW, async () => {
    const { code, stderr, stdout } = await runScript(CHAOS, ["--clients", "1"]).ended;
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^--clients must be a whole number .*\nSee npm run chaos -- --help\n$/);
  });

  it("explains itself", SLOW, async () => {
    const { code, stdout } = await runScript(CHAOS, ["--help"]).ended;
    assert.equal(code, 0);
    assert.match(stdout, /--minutes N/);
  });
});
