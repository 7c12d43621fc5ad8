/**
 * Says what a command is made of, reads its command line, and writes its help from the same
 * description, so that the two cannot differ.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { didYouMean } from "./nearest.ts";
import type { Shell } from "./shell.ts";

/** One option of a command. */
export interface OptionSpec {
  /** What stands for the value in the help; absent: the option is a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
  /** Used where the option is absent, and shown. */
  readonly default?: string;
}

/** The options of a command, by name. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** A command of the program. */
export interface Command {
  /** One word, or two: `tables create`. */
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What may stand beside the options, as the help shows it. */
  readonly operands?: string;
  /** Paragraphs for the help. */
  readonly about: readonly string[];
  readonly options: OptionSpecs;
  /** Command lines without the program's name, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** What exit code 1 means here. */
  readonly problem: string;
  /** @returns the exit code */
  readonly run: (call: Call) => Promise<number>;
}

/** One call of a command. */
export interface Call {
  readonly args: Arguments;
  readonly shell: Shell;
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A number's least and most. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What a command line says. */
export class Arguments {
  readonly operands: readonly string[];
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(
    values: Readonly<Record<string, string | boolean | undefined>>,
    operands: readonly string[],
  ) {
    this.#values = values;
    this.operands = operands;
  }

  /** Whether a switch is on. */
  has(name: string): boolean {
    return this.#values[name] === true;
  }

  /** An option's text; absent where it was not given and has no default. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  /** @throws {UsageError} when it is absent */
  required(name: string): string {
    const text = this.text(name);
    if (text === undefined) throw new UsageError(`--${name} is missing: which ${name}?`);
    return text;
  }

  /** @throws {UsageError} when it is not a whole number in the range */
  count(name: string, { min, max }: Range): number {
    const text = this.required(name);
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= min && count <= max) return count;
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, got "${text}"`);
  }

  /** Seconds, with a fraction, as milliseconds. @throws {UsageError} when it is not in the range */
  secondsAsMs(name: string, { min, max }: Range): number {
    const text = this.required(name);
    const seconds = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && seconds >= min && seconds <= max) return seconds * 1000;
    throw new UsageError(
      `--${name} must be a number of seconds from ${min} to ${max}, got "${text}"`,
    );
  }

  /** @throws {UsageError} when it is none of these */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const text = this.required(name);
    const choice = choices.find((each) => each === text);
    if (choice !== undefined) return choice;
    throw new UsageError(`--${name} must be one of ${choices.join(", ")}, got "${text}"`);
  }
}

/**
 * Reads a command line.
 *
 * @param args without the program and the command's name
 * @throws {UsageError} when it has what the command does not know
 */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: Object.fromEntries(
        Object.entries(allOptions(command)).map(([name, spec]) => [name, parserOption(spec)]),
      ),
      allowPositionals: command.operands !== undefined,
      strict: true,
    });
    return new Arguments(values as Record<string, string | boolean | undefined>, positionals);
  } catch (error) {
    // The rest of the parser's message explains "--", which is of no use here.
    const [words = ""] = (error instanceof Error ? error.message : String(error)).split(". ");
    const unknown = /^Unknown option '--([^']+)'/.exec(words)?.[1];
    const instead = unknown === undefined ? "" : didYouMean(unknown, optionNames(command));
    throw new UsageError(`${words.replace(/\.$/, "")}${instead}`);
  }
}

function parserOption(spec: OptionSpec) {
  return {
    type: spec.value === undefined ? "boolean" as const : "string" as const,
    ...(spec.short !== undefined && { short: spec.short }),
    ...(spec.default !== undefined && { default: spec.default }),
  };
}

const HELP: OptionSpec = { short: "h", help: "show this" };

function allOptions(command: Command): OptionSpecs {
  return { ...command.options, help: HELP };
}

function optionNames(command: Command): readonly string[] {
  return Object.keys(allOptions(command));
}

/** How a command is called, in one line. */
function usageLine(command: Command): string {
  const operands = command.operands === undefined ? "" : ` ${command.operands}`;
  return `kinsumer ${command.name} [options]${operands}`;
}

/** A command's help. */
export function helpOf(command: Command): string {
  const options = Object.entries(allOptions(command)).map(([name, spec]) =>
    [optionForm(name, spec), optionWords(spec)] as const
  );
  return [
    `${command.summary}\n`,
    `  ${usageLine(command)}\n`,
    ...command.about.map((paragraph) => `${wrap(paragraph, 88)}\n`),
    `Options:\n${twoColumns(options)}`,
    `Examples:\n${command.examples.map(exampleLines).join("")}`,
    wrap(`Exit code: 0 all is well; 1 ${command.problem}; 2 the command line is wrong.`, 88) + "\n",
  ].join("\n");
}

function exampleLines([line, what]: readonly [line: string, what: string]): string {
  return `  # ${what}\n  kinsumer ${line}\n`;
}

function optionForm(name: string, { short, value }: OptionSpec): string {
  const long = `--${name}${value === undefined ? "" : ` ${value}`}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

function optionWords(spec: OptionSpec): string {
  return spec.default === undefined ? spec.help : `${spec.help} (${spec.default})`;
}

/** Lines of two columns, the second one wrapped. */
export function twoColumns(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => {
    const [first = "", ...more] = wrap(right, Math.max(30, 94 - width)).split("\n");
    const indent = " ".repeat(width + 4);
    return `  ${left.padEnd(width)}  ${first}\n${
      more.map((line) => `${indent}${line}\n`).join("")
    }`;
  }).join("");
}

/** Text in lines of at most so many columns. */
export function wrap(text: string, columns: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
