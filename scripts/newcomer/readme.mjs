/**
 * Reads from the README what it tells a newcomer to type, and the program it tells them to save.
 *
 * @module
 */
import { fencedBlocks, inTicks, read, table } from "../docs/markdown.mjs";

const README = "README.md";
const SECTION = "## Try it in a minute";

/**
 * @typedef {object} Commands
 * @property {string} title the runtime, as the README names it
 * @property {string} install makes the project
 * @property {string} command what calls the command `kinsumer`
 * @property {string} run runs the program
 */

/** @returns {string} the README's first program, word for word */
export function firstProgram() {
  const [first] = fencedBlocks(README);
  if (first?.language !== "ts") throw new Error(`${README}: does not begin with a program`);
  return first.code;
}

/** @returns {string[]} what the section's shell blocks say, line by line, without the comments */
export function typedLines() {
  const before = read(README).split("\n");
  const start = before.indexOf(SECTION) + 1;
  if (start === 0) throw new Error(`${README}: has no section "${SECTION}"`);
  const next = before.findIndex((line, index) => index > start && line.startsWith("## "));
  return fencedBlocks(README)
    .filter(({ language, line }) => language === "sh" && line > start && line < next)
    .flatMap(({ code }) => code.split("\n").map((line) => line.replace(/\s+#.*$/, "")));
}

/** @returns {Commands[]} a row for each runtime */
export function commandRows() {
  return table(README, "to try it on").map(([title = "", ...cells]) => {
    const [install, command, run] = cells.map((cell) => inTicks(cell)[0]);
    if (install === undefined || command === undefined || run === undefined) {
      throw new Error(`${README}: the row of ${title} lacks a command`);
    }
    return { title, install, command, run };
  });
}

/**
 * The four steps in a runtime's own words.
 *
 * @param {Commands} row
 * @returns {string[]} install, serve, put, run: as the section's blocks have them
 */
export function stepsOf({ install, command, run }) {
  const [, serve = "", put = ""] = typedLines();
  const own = (/** @type {string} */ line) => line.replace(/^npx kinsumer/, command);
  return [install, own(serve), own(put), run];
}
