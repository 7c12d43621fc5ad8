/**
 * Runs a local Kinesis and a local DynamoDB, in memory, until Ctrl-C: `kinsumer local`.
 *
 *     npm run servers
 *
 * @module
 */

import process from "node:process";
import { runCommandLine } from "../src/cli/main.ts";

process.exitCode = await runCommandLine(["local", ...process.argv.slice(2)]);
