/**
 * Contract: the checker of links finds what leads nowhere, and lets pass what leads somewhere.
 *
 * @module
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { linkProblems, strayGuides } from "./check_links.mjs";

/** @param {string} target */
function link(target, isPicture = false) {
  return { path: "docs/aws.md", line: 3, target, text: isPicture ? " " : "words", isPicture };
}

it("linkProblems() passes what leads to a file, a heading, a folder or an address", () => {
  const well = [
    "operations.md",
    "operations.md#sizing",
    "#permissions",
    "../README.md#what-is-promised",
    "../testing/contract",
    "https://semver.org",
  ];
  assert.deepEqual(well.flatMap((target) => linkProblems(link(target))), []);
});

it("linkProblems() tells what leads nowhere, and where it stands", () => {
  const ill = {
    "nothing.md": "there is no such file",
    "operations.md#nothing": "there is no such heading",
    "#nothing": "there is no such heading",
    "../testing/contract#nothing": "a folder has no headings",
    "../../elsewhere.md": "leads out of the checkout",
    "http://example.com": "is not https:",
    "https://": "is no address",
    "https://localhost": "has no host",
  };
  for (const [target, problem] of Object.entries(ill)) {
    assert.deepEqual(linkProblems(link(target)), [`docs/aws.md:3: ${target}: ${problem}`]);
  }
  assert.match(linkProblems(link("images/top.svg", true))[0] ?? "", /a picture without words/);
});

it("strayGuides() tells what the index does not lead to", () => {
  const all = [{ ...link("aws.md"), path: "docs/README.md" }];
  const stray = strayGuides(["README.md", "docs/README.md", "docs/aws.md", "docs/cli.md"], all);
  assert.deepEqual(stray, ["docs/cli.md: docs/README.md does not lead to it"]);
});
