/**
 * Checks one option at a time and collects what is wrong: each problem names the option, its value
 * and what is allowed. Values of credentials are never shown.
 *
 * @module
 */

import { insteadOf, isOption } from "./option_names.ts";
import type { KinsumerOptions } from "./options.ts";

/** What AWS allows in the name of a stream or a table. */
export const NAME: Rule = { pattern: /^[A-Za-z0-9_.-]+$/, words: "letters, digits and _ . -" };
/** What a region's name looks like. */
export const REGION: Rule = { pattern: /^[a-z0-9-]+$/, words: "lower-case letters, digits and -" };

/** What characters a value may have. */
export interface Rule {
  readonly pattern: RegExp;
  readonly words: string;
}

/** Checks the options of one consumer. Every method returns a usable value, whatever it found. */
export class Checker {
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #problems: string[] = [];
  #hasTypeProblem = false;

  constructor(options: Readonly<Record<string, unknown>>) {
    this.#options = options;
    for (const name of Object.keys(options)) {
      if (!isOption(name)) this.type(`${name} is not an option${insteadOf(name)}`);
    }
  }

  /** Whether the option is given. */
  has(name: keyof KinsumerOptions): boolean {
    return this.#options[name] !== undefined;
  }

  /** What is given for the option. */
  value(name: keyof KinsumerOptions): unknown {
    return this.#options[name];
  }

  /** How many problems were found. */
  get problemCount(): number {
    return this.#problems.length;
  }

  text(
    name: keyof KinsumerOptions,
    allowed: {
      readonly max: number;
      readonly pattern?: Rule;
      readonly fallback?: () => string | undefined;
      /** What else would do. */
      readonly instead?: string;
    },
  ): string {
    const value = this.#options[name] ?? allowed.fallback?.();
    const what = `a string of 1 to ${allowed.max} ${allowed.pattern?.words ?? "characters"}`;
    if (value === undefined) this.type(`${name} is required: ${what}${allowed.instead ?? ""}`);
    else if (typeof value !== "string") this.type(`${name} must be ${what}, got ${show(value)}`);
    else if (
      value.length < 1 || value.length > allowed.max ||
      allowed.pattern?.pattern.test(value) === false
    ) this.range(`${name} must be ${what}, got ${show(value)}`);
    else return value;
    return "";
  }

  flag(name: "deletionProtection" | "pointInTimeRecovery"): boolean {
    const value = this.#options[name] ?? false;
    if (typeof value === "boolean") return value;
    this.type(`${name} must be true or false, got ${show(value)}`);
    return false;
  }

  /** `variable` is what of the environment stands in for the option, before the fallback does. */
  url(
    option: keyof KinsumerOptions,
    fallback: string,
    variable?: { readonly name: string; readonly value: string },
  ): string {
    const given = this.#options[option];
    const name = given === undefined ? variable?.name ?? option : option;
    const value = given ?? variable?.value ?? fallback;
    const what = "an http: or https: URL without a path";
    if (typeof value !== "string") {
      this.type(`${name} must be ${what}, got ${show(value)}`);
      return fallback;
    }
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isFit = url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === "/" &&
      url.search === "" && url.username === "" && url.password === "";
    if (!isFit) {
      this.range(`${name} must be ${what}${value.includes("@") ? "" : `, got ${show(value)}`}`);
    }
    return isFit ? url.origin : fallback;
  }

  number(
    name: keyof KinsumerOptions,
    fallback: number,
    [min, max]: readonly [min: number, max: number],
  ): number {
    return this.wholeNumber(name, this.#options[name] ?? fallback, [min, max]) ?? fallback;
  }

  choice<Choice extends string>(
    name: keyof KinsumerOptions,
    choices: readonly [Choice, ...Choice[]],
  ): Choice {
    const value = this.#options[name] ?? choices[0];
    const choice = choices.find((each) => each === value);
    if (choice !== undefined) return choice;
    const problem = `${name} must be ${choices.map(show).join(" or ")}, got ${show(value)}`;
    if (typeof value === "string") this.range(problem);
    else this.type(problem);
    return choices[0];
  }

  callable<Name extends "onEvent" | "extractContext">(name: Name): KinsumerOptions[Name] {
    const value = this.#options[name] as KinsumerOptions[Name];
    if (value === undefined || typeof value === "function") return value;
    this.type(`${name} must be a function, got ${show(value)}`);
    return undefined;
  }

  methods<Name extends "logger" | "statsReceiver" | "kinesis">(
    name: Name,
    methods: readonly string[],
  ): KinsumerOptions[Name] {
    const value = this.#options[name];
    if (value !== undefined) this.checkMethods(name, value, methods);
    return value as KinsumerOptions[Name];
  }

  /**
   * Throws what was found, if anything was.
   *
   * @throws {TypeError} when any problem is one of type
   * @throws {RangeError} otherwise
   */
  finish(): void {
    if (this.#problems.length === 0) return;
    const message = this.#problems.length === 1
      ? `Cannot create a Kinsumer: ${this.#problems[0]}`
      : `Cannot create a Kinsumer:\n${this.#problems.map((each) => `  - ${each}`).join("\n")}`;
    throw this.#hasTypeProblem ? new TypeError(message) : new RangeError(message);
  }

  /** A whole number within bounds; `undefined` when it is none. */
  wholeNumber(
    name: string,
    value: unknown,
    [min, max]: readonly [min: number, max: number],
  ): number | undefined {
    const problem = `${name} must be a whole number from ${min} to ${max}, got ${show(value)}`;
    if (typeof value !== "number") this.type(problem);
    else if (!Number.isInteger(value) || value < min || value > max) this.range(problem);
    else return value;
    return undefined;
  }

  /** Notes which methods are missing. */
  checkMethods(name: string, value: unknown, methods: readonly string[]): void {
    const missing = isObject(value)
      ? methods.filter((method) => typeof value[method] !== "function")
      : methods;
    if (missing.length > 0) this.type(`${name} lacks the method ${missing.join(", ")}`);
  }

  /** Notes a problem of type. */
  type(problem: string): void {
    this.#hasTypeProblem = true;
    this.#problems.push(problem);
  }

  /** Notes a problem of value. */
  range(problem: string): void {
    this.#problems.push(problem);
  }
}

/** Whether a value has properties. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Whether a value is a date. */
export function isDate(value: unknown): value is Date {
  return value instanceof Date;
}

/** A value as a message may show it. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Date) {
    return `Date ${Number.isNaN(value.getTime()) ? "Invalid" : value.toISOString()}`;
  }
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return typeof value === "function" ? "a function" : String(value);
}
