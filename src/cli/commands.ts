/**
 * The commands, in the order in which the help lists them.
 *
 * @module
 */

import type { Command } from "./command.ts";
import { DEMO } from "./demo.ts";
import { DOCTOR } from "./doctor.ts";
import { LOCAL } from "./local.ts";
import { NOOP } from "./noop.ts";
import { PUT } from "./put.ts";
import { RELEASE } from "./release.ts";
import { RESET } from "./reset.ts";
import { STATUS } from "./status.ts";
import { TABLES_CREATE, TABLES_DELETE } from "./tables_command.ts";
import { TAIL } from "./tail.ts";
import { TOP } from "./top.ts";

/** Every command. */
export const COMMANDS: readonly Command[] = [
  STATUS,
  TOP,
  TAIL,
  PUT,
  DOCTOR,
  RESET,
  RELEASE,
  TABLES_CREATE,
  TABLES_DELETE,
  NOOP,
  LOCAL,
  DEMO,
];
