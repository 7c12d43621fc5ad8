/**
 * Draws what a program wrote to a terminal as an SVG picture: text in the sixteen colours, bold and
 * dim, on a dark ground. Pure.
 *
 * @module
 */

const CELL_WIDTH = 8.4;
const CELL_HEIGHT = 18;
const PADDING = 14;
const TITLE_HEIGHT = 30;
const GROUND = "#16181d";
const TITLE_GROUND = "#22252c";
const PLAIN = "#d6d9df";

const COLOURS: Readonly<Record<string, string>> = {
  "31": "#ff6b68",
  "32": "#7ccf7c",
  "33": "#e5c07b",
  "34": "#6ca8f7",
  "35": "#d28be8",
  "36": "#5fc9d3",
  "92": "#9be89b",
  "93": "#f5dc9b",
  "94": "#93c1ff",
  "95": "#e6aef5",
  "96": "#92e5ec",
};

interface Run {
  readonly text: string;
  readonly codes: readonly string[];
}

/** The picture of some lines of a terminal, with a title. */
export function toSvg(
  lines: readonly string[],
  { title, columns }: { readonly title: string; readonly columns: number },
): string {
  const width = Math.ceil(columns * CELL_WIDTH + 2 * PADDING);
  const height = TITLE_HEIGHT + lines.length * CELL_HEIGHT + 2 * PADDING;
  const texts = lines.flatMap((line, row) => lineTexts(line, row));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${GROUND}"/>`,
    `<path d="M0 ${TITLE_HEIGHT}V8a8 8 0 0 1 8-8H${
      width - 8
    }a8 8 0 0 1 8 8V${TITLE_HEIGHT}z" fill="${TITLE_GROUND}"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">`,
    `<text x="${PADDING}" y="20" fill="#8b919c">${escape(title)}</text>`,
    ...texts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function lineTexts(line: string, row: number): readonly string[] {
  const y = TITLE_HEIGHT + PADDING + (row + 1) * CELL_HEIGHT - 5;
  let column = 0;
  return runsOf(line).flatMap(({ text, codes }) => {
    const from = column;
    column += [...text].length;
    // Words apart from each other are texts apart: nothing then depends on how wide a space is.
    return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: words, index }) => {
      const x = (PADDING + (from + [...text.slice(0, index)].length) * CELL_WIDTH).toFixed(1);
      // The font of the reader may be wider or narrower: the columns must stand all the same.
      const textLength = ([...words].length * CELL_WIDTH).toFixed(1);
      return `<text x="${x}" y="${y}" textLength="${textLength}" ${styleOf(codes)}>${
        escape(words)
      }</text>`;
    });
  });
}

function styleOf(codes: readonly string[]): string {
  const colour = codes.map((code) => COLOURS[code]).find((found) => found !== undefined) ?? PLAIN;
  const bold = codes.includes("1") ? ' font-weight="bold"' : "";
  const dim = codes.includes("2") ? ' opacity="0.55"' : "";
  return `fill="${colour}"${bold}${dim}`;
}

/** Text in pieces of one look each; other control sequences are left out. */
export function runsOf(line: string): readonly Run[] {
  const runs: Run[] = [];
  let codes: readonly string[] = [];
  // deno-lint-ignore no-control-regex
  for (const piece of line.split(/(\x1b\[[?\d;]*[A-Za-z])/)) {
    // deno-lint-ignore no-control-regex
    const sequence = /^\x1b\[([?\d;]*)([A-Za-z])$/.exec(piece);
    if (sequence === null) {
      if (piece !== "") runs.push({ text: piece, codes });
    } else if (sequence[2] === "m") {
      const given = (sequence[1] ?? "").split(";");
      codes = given.includes("0") || given[0] === "" ? [] : [...codes, ...given];
    }
  }
  return runs;
}

/** The last picture that a program drew in place. */
export function lastFrame(output: string): readonly string[] {
  const frame = output.split("\x1b[?2026h").at(-1)?.split("\x1b[?2026l")[0] ?? "";
  return linesOf(frame.replace("\x1b[J", ""));
}

/** The lines of what a program left on the screen, without the empty ones at the end. */
export function linesOf(output: string): readonly string[] {
  return output.replace(/\s+$/, "").split(/\r*\n/).map((line) =>
    line.split("\r\x1b[K").at(-1) ?? ""
  );
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
