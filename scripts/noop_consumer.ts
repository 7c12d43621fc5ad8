/**
 * Consumes a stream and does nothing with its records but count them: the original's no-op consumer,
 * which is `kinsumer noop`.
 *
 *     npm run noop -- --stream orders --create-tables
 *
 * @module
 */

import process from "node:process";
import { runCommandLine } from "../src/cli/main.ts";

process.exitCode = await runCommandLine(["noop", ...process.argv.slice(2)]);
