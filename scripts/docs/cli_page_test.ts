// Contract: docs/cli.md is what the commands say of themselves, and the README names each of them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { cliPage } from "./cli_page.ts";
import { read } from "./markdown.mjs";

describe("docs/cli.md", () => {
  it("is what the commands say of themselves: npm run docs:cli writes it", () => {
    assert.equal(read("docs/cli.md"), cliPage());
  });

  it("is led to by the README, which names every command", () => {
    const readme = read("README.md");
    assert.ok(readme.includes("](docs/cli.md)"), "the README has no link to docs/cli.md");
    for (const { name } of COMMANDS) {
      assert.ok(readme.includes(`\`${name}\``), `${name} is missing`);
    }
  });
});
