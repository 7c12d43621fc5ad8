/**
 * Lays out coloured text: a line is a list of spans, cut or wrapped to a width, with or without colours.
 *
 * @module
 */

const CODES = {
  plain: "",
  dim: "2",
  bold: "1",
  red: "31",
  green: "32",
  yellow: "33",
  title: "1;36",
} as const;

/** One colour a client; with more clients than colours they come round again. */
const CLIENT_CODES = ["36", "35", "33", "34", "32", "96", "95", "93", "94", "92"];

/** A way to show text; a client's is `client` and its name. */
export type Style = keyof typeof CODES | `client ${string}`;

/** Text of one style. Every character is one column wide. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line of a picture. */
export type Line = readonly Span[];

/** Makes a span. */
export function span(text: string, style: Style = "plain"): Span {
  return { text, style };
}

/** How many columns a line takes. */
export function widthOf(line: Line): number {
  return line.reduce((width, { text }) => width + [...text].length, 0);
}

/** One line as text, cut at `columns`. */
export function layOut(
  line: Line,
  { columns, isColoured }: { readonly columns: number; readonly isColoured: boolean },
): string {
  let left = columns;
  let result = "";
  for (const { text, style } of line) {
    const shown = [...text].slice(0, left).join("");
    left -= [...shown].length;
    const code = codeOf(style);
    result += isColoured && code !== "" && shown !== "" ? `\x1b[${code}m${shown}\x1b[0m` : shown;
  }
  return result;
}

/**
 * One line as several, none wider than `columns`: broken at spaces, or where there is none within the
 * width. All but the first begin with `indent` spaces, or with less where the width is small.
 */
export function wrap(
  line: Line,
  { columns, indent }: { readonly columns: number; readonly indent: number },
): readonly Line[] {
  const text = [...line.map((each) => each.text).join("")];
  const hanging = Math.min(indent, Math.floor(columns / 2));
  const lines: Line[] = [];
  let from = 0;
  let room = columns;
  while (text.length - from > room) {
    const space = text.lastIndexOf(" ", from + room);
    // Not within what stands before the hanging text.
    const isWithin = space > (from === 0 ? hanging : from);
    const to = isWithin ? space : from + room;
    lines.push(slice(line, from, to));
    from = isWithin ? to + 1 : to;
    room = columns - hanging;
  }
  lines.push(slice(line, from, text.length));
  const margin = span(" ".repeat(hanging));
  return lines.map((each, index) => index === 0 ? each : [margin, ...each]);
}

/** The characters of a line from one to another, which is not included. */
function slice(line: Line, from: number, to: number): Line {
  let start = 0;
  return line.flatMap(({ text, style }) => {
    const characters = [...text];
    const part = characters.slice(Math.max(0, from - start), Math.max(0, to - start)).join("");
    start += characters.length;
    return part === "" ? [] : [span(part, style)];
  });
}

function codeOf(style: Style): string {
  if (!style.startsWith("client ")) return CODES[style as keyof typeof CODES];
  const place = style.charCodeAt("client ".length) - "A".charCodeAt(0);
  return CLIENT_CODES[place % CLIENT_CODES.length] ?? "";
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of eighths of columns. */
export function bar(
  share: number,
  width: number,
): { readonly full: string; readonly rest: string } {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  const full = "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  return { full, rest: "░".repeat(width - [...full].length) };
}

/** `12345` as `12,345`. */
export function grouped(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Milliseconds as `12.3 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
