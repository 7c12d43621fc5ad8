/**
 * Lays out coloured text: a line is a list of spans, cut to a width, with or without colours.
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
