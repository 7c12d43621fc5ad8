#!/usr/bin/env node
/**
 * What npm installs as `kinsumer`: starts {@link runCommandLine}.
 *
 * @module
 */

import process from "node:process";
import { runCommandLine } from "./main.ts";

process.exitCode = await runCommandLine(process.argv.slice(2));
