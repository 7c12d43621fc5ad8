/**
 * Installs the packed package into an empty folder, as a user would: it must bring exactly its two
 * dependencies, every door must load on Node, and its types must hold for strict users. Run it after
 * the build.
 *
 *     node scripts/checks/install.mjs
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../runtimes.mjs";
import { npm } from "../setup.mjs";
import { reportProblems } from "./report.mjs";
import { findTypeProblems } from "./user_types.mjs";

const BROUGHT = ["aws4fetch", "kinsumer"];

/** @returns {string[]} */
function findInstallProblems() {
  const folder = mkdtempSync(join(tmpdir(), "kinsumer-install-"));
  try {
    writeFileSync(join(folder, "package.json"), '{ "name": "user", "type": "module" }\n');
    const [packed] = JSON.parse(npm(ROOT, ["pack", `--pack-destination=${folder}`, "--json"]));
    npm(folder, ["install", `./${packed.filename}`, "--prefer-offline"]);
    const installed = installedIn(folder);
    const isAsWanted = installed.join() === BROUGHT.join();
    return [
      ...(isAsWanted ? [] : [`brings ${installed.join(", ")}, wanted ${BROUGHT.join(", ")}`]),
      ...doorProblems(folder),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function installedIn(folder) {
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  return Object.keys(lock.packages).filter((path) => path !== "")
    .map((path) => path.replace(/^node_modules\//, "")).sort();
}

/** @param {string} folder */
function doorProblems(folder) {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const doors = Object.keys(exports).filter((door) => door !== "./package.json")
    .map((door) => door.replace(/^\./, "kinsumer"));
  const lines = doors.map((door, index) => `import * as door${index} from "${door}";`);
  const uses = doors.map((door, index) =>
    `if (!Object.keys(door${index}).length) throw "${door}";`
  );
  writeFileSync(join(folder, "user.ts"), [...lines, ...uses, ""].join("\n"));
  writeFileSync(join(folder, "user.mjs"), [...lines, ...uses, ""].join("\n"));
  return [
    ...attempt("does not load", folder, ["user.mjs"]),
    ...findTypeProblems(folder, "user.ts"),
  ];
}

/**
 * @param {string} problem
 * @param {string} folder
 * @param {string[]} args for Node
 * @returns {string[]}
 */
function attempt(problem, folder, args) {
  try {
    execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
    return [];
  } catch (error) {
    const { stdout = "", stderr = "" } =
      /** @type {{ stdout?: string, stderr?: string }} */ (error);
    return [`${problem}:\n${stdout}${stderr}`];
  }
}

reportProblems(import.meta.url, findInstallProblems);
