/**
 * Measures what Kinsumer weighs, holds it to a budget, and puts its peers beside it.
 *
 *     npm run sizes                 measure all, hold the budget and the table of docs/edge.md
 *     npm run sizes -- --write      write the table
 *     npm run sizes -- --inputs     and what in the file for isolates weighs what
 *     node scripts/sizes/main.mjs --own    without the peers; after the build
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { bundle, bundleEdge } from "../bundle.mjs";
import { runChild } from "../child.mjs";
import { ROOT } from "../runtimes.mjs";
import { bundledBytes, gzipped, installedOwn, installedPeers, kclJars, PEERS } from "./measure.mjs";
import { findBudgetProblems, findTableProblems, writeTable } from "./table.mjs";

/** @typedef {import("./table.mjs").Row} Row */

const DOCUMENT = join(ROOT, "docs", "edge.md");

/** @returns {Promise<Row[]>} */
async function measureOwn() {
  const { names, ...installed } = installedOwn();
  const wanted = ["aws4fetch", "kinsumer"];
  if (names.join() !== wanted.join()) throw new Error(`It brings ${names.join(", ")}`);
  const { downloadBytes } = installed;
  return [
    { name: "edge", gzipBytes: gzipped((await bundleEdge()).bytes) },
    {
      name: "runOnce",
      gzipBytes: await bundledBytes({ code: 'export { runOnce } from "./dist/edge.js";' }),
    },
    {
      name: "ports",
      gzipBytes: await bundledBytes({
        code: 'export { openCheckpoints, openStream } from "./dist/edge.js";',
      }),
    },
    {
      name: "whole",
      gzipBytes: await bundledBytes({ code: 'export { Kinsumer } from "./mod.ts";' }),
      installed,
      downloadBytes,
    },
  ];
}

/** @returns {Promise<Row[]>} */
async function measurePeers() {
  const clients = ["@aws-sdk/client-kinesis", "@aws-sdk/client-dynamodb"];
  const sdk = `
    export { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from "${clients[0]}";
    export { DynamoDBClient, UpdateItemCommand } from "${clients[1]}";
  `;
  const lifion = 'export { default } from "lifion-kinesis";';
  const onNode = /** @type {const} */ ({ folder: PEERS, platform: "node" });
  return [
    {
      name: "sdk",
      gzipBytes: await bundledBytes({ code: sdk, folder: PEERS, platform: "browser" }),
      installed: installedPeers(clients),
    },
    {
      name: "lifion",
      gzipBytes: await bundledBytes({ code: lifion, ...onNode }),
      installed: installedPeers(["lifion-kinesis"]),
    },
    { name: "kcl", jars: kclJars(), installed: installedPeers(["aws-kcl"]) },
  ];
}

/** @returns {Promise<number>} the exit code of the build */
async function build() {
  const path = join(ROOT, "scripts", "build.mjs");
  return (await runChild(process.execPath, [path], { cwd: ROOT })).code;
}

/** Of the sources themselves, before what shrinks: what it makes has no sources any more. */
async function printInputs() {
  const { inputs } = await bundle({ code: 'export * from "./src/edge/mod.ts";' });
  const sorted = [...inputs].sort(([, one], [, other]) => other - one);
  for (const [path, bytes] of sorted) print(`${String(bytes).padStart(7)} ${path}`);
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const { values } = parseArgs({
    options: {
      own: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      inputs: { type: "boolean", default: false },
    },
  });
  if (!(values.own && existsSync(join(ROOT, "dist"))) && await build() !== 0) return 1;
  const rows = [...await measureOwn(), ...values.own ? [] : await measurePeers()];
  const page = readFileSync(DOCUMENT, "utf8");
  const written = values.write ? writeTable(page, rows) : page;
  if (values.write) writeFileSync(DOCUMENT, written);
  const problems = [...findBudgetProblems(rows), ...findTableProblems(written, rows)];
  for (const { name, gzipBytes, installed, jars, downloadBytes } of rows) {
    const parts = [
      gzipBytes === undefined ? "" : `${gzipBytes} bytes bundled and gzipped`,
      installed === undefined ? "" : `${installed.packages} packages, ${installed.bytes} bytes`,
      downloadBytes === undefined ? "" : `${downloadBytes} bytes downloaded`,
      jars === undefined ? "" : `${jars} jars`,
    ];
    print(`${name}: ${parts.filter((part) => part !== "").join("; ")}`);
  }
  if (values.inputs) await printInputs();
  for (const problem of problems) print(`FAILED ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
