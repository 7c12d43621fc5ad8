/**
 * The options that several commands have.
 *
 * @module
 */

import type { OptionSpec, OptionSpecs } from "./command.ts";
import { AWS_OPTIONS } from "./environment.ts";

/** Which stream. */
export const STREAM: OptionSpec = { value: "NAME", short: "s", help: "the stream, by name or ARN" };

/** Which application. */
export const APPLICATION: OptionSpec = {
  value: "NAME",
  short: "a",
  help: "the application: the prefix of the three tables",
};

/** Whether the result is JSON. */
export const JSON_OUTPUT: OptionSpec = { help: "print one JSON document instead of words" };

/** Whether the lag is left out. */
export const NO_LAG: OptionSpec = {
  help: "read no record: the lag is then what the rows tell of it",
};

/** What a command about a fleet takes. */
export const FLEET_OPTIONS: OptionSpecs = {
  stream: STREAM,
  application: APPLICATION,
  ...AWS_OPTIONS,
  json: JSON_OUTPUT,
};
