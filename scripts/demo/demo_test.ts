// The demo as a process: it ends with an account that adds up, prints one JSON object, refuses wrong
// arguments, and leaves nothing behind when it is interrupted.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { runScript } from "./run_script.ts";

const DEMO = "scripts/demo/main.ts";
const SMALL = ["--records", "300", "--shards", "4", "--clients", "2", "--seconds", "8"];
const SLOW = { timeout: 100_000 };

describe("the demo", () => {
  let folder: string;

  /** The folders of temporary files that the demo made and did not remove. */
  const leftovers = () => readdirSync(folder).filter((name) => name.startsWith("kinsumer-demo-"));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kinsumer-demo-test-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("accounts for every record, in one JSON object", SLOW, async () => {
    const args = [...SMALL, "--json", "--quiet"];
    const { code, stderr, stdout } = await runScript(DEMO, args, { TMPDIR: folder }).ended;
    assert.equal(stderr, "");
    const verdict = JSON.parse(stdout) as Record<string, unknown>;
    const { consumed, duplicatesOtherwise, lost, outOfOrder, problems, produced } = verdict;
    assert.deepEqual(
      { code, consumed, duplicatesOtherwise, lost, outOfOrder, problems, produced },
      {
        code: 0,
        consumed: 300,
        duplicatesOtherwise: 0,
        lost: 0,
        outOfOrder: 0,
        problems: [],
        produced: 300,
      },
    );
    assert.equal(typeof verdict["duplicatesByKill"], "number");
    assert.ok(Number(verdict["failoverMs"]) > 0);
    assert.deepEqual([verdict["clients"], verdict["shards"]], [3, 7]);
    assert.deepEqual(leftovers(), []);
  });

  it("ends in an orderly way when it is interrupted", SLOW, async () => {
    const demo = runScript(DEMO, SMALL, { TMPDIR: folder });
    const before = await demo.printed(/Everything flows/);
    assert.match(before, /A joined the fleet/);
    assert.equal(leftovers().length, 1);
    demo.signal("SIGINT");
    const { code, stderr } = await demo.ended;
    assert.deepEqual([code, leftovers()], [130, []]);
    assert.match(stderr, /^Interrupted/);
  });

  it("refuses a wrong argument with exit code 2", SLOW, async () => {
    const { code, stderr, stdout } = await runScript(DEMO, ["--records", "none"]).ended;
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^--records must be a whole number .*\nSee npm run demo -- --help\n$/);
  });

  it("explains itself", SLOW, async () => {
    const { code, stdout } = await runScript(DEMO, ["--help"]).ended;
    assert.equal(code, 0);
    assert.match(stdout, /--records N/);
  });
});
