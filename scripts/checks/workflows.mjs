/**
 * Lints GitHub's workflows with actionlint, and holds them to rules of our own: actions are pinned by
 * commit, nothing runs without a limit of time or with more permissions than it needs, and the scripts
 * and lockfiles that they name exist.
 *
 *     node scripts/checks/workflows.mjs [folder of the checkout]
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT, toolPath } from "../runtimes.mjs";
import { reportProblems } from "./report.mjs";

const { createLinter } = await import(pathToFileURL(toolPath("actionlint", "node.mjs")).href);
const lint = await createLinter();

const FOLDER = join(".github", "workflows");

/** The one workflow that may ask for an identity, to publish with. */
const PUBLISHES = "release.yml";

/**
 * @param {string} root the folder of the checkout
 * @returns {string[]} what is wrong, one line each
 */
export function findWorkflowProblems(root) {
  const names = readdirSync(join(root, FOLDER)).filter((name) => /\.ya?ml$/.test(name)).sort();
  if (names.length === 0) return [`${FOLDER}: has no workflow`];
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return names.flatMap((name) => {
    const path = join(FOLDER, name);
    const text = readFileSync(join(root, path), "utf8");
    /** @type {{ line: number, message: string }[]} */
    const linted = lint(text, path);
    return [
      ...linted.map(({ line, message }) => `${line}: ${message}`),
      ...lineProblems(text, { root, scripts }),
      ...permissionProblems(text, name),
      ...jobProblems(text),
    ].map((problem) => `${path}:${problem}`);
  });
}

/**
 * @param {string} text
 * @param {{ root: string, scripts: Record<string, string> }} checkout
 */
function lineProblems(text, { root, scripts }) {
  return text.split("\n").flatMap((line, index) => {
    const problem = lineProblem(line, { root, scripts });
    return problem === undefined ? [] : [`${index + 1}: ${problem}`];
  });
}

/**
 * @param {string} line
 * @param {{ root: string, scripts: Record<string, string> }} checkout
 * @returns {string | undefined}
 */
function lineProblem(line, { root, scripts }) {
  const action = /^\s*(?:- )?uses: (?!\.\/)(.*)$/.exec(line)?.[1];
  if (action !== undefined && !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action)) {
    return `"${action}" is not pinned by its commit, with its version behind it`;
  }
  const script = /\bnpm run (?:-s )?([\w:-]+)/.exec(line)?.[1];
  if (script !== undefined && !Object.hasOwn(scripts, script)) {
    return `package.json has no script "${script}"`;
  }
  const lockfile = /^\s+((?:[\w-]+\/)*package-lock\.json)$/.exec(line)?.[1];
  if (lockfile !== undefined && !existsSync(join(root, lockfile))) {
    return `"${lockfile}" does not exist`;
  }
  return undefined;
}

/**
 * @param {string} text
 * @param {string} name
 */
function permissionProblems(text, name) {
  const isBounded = /^permissions:\n {2}contents: read\n(?! )/m.test(text);
  const writes = [...text.matchAll(/^ +([\w-]+: write)\b/gm)].map(([, what = ""]) => what)
    .filter((what) => name !== PUBLISHES || what !== "id-token: write");
  return [
    ...(isBounded ? [] : ["1: does not begin with the permission to read contents, alone"]),
    ...writes.map((what) => `1: "${what}" is more than it needs`),
  ];
}

/** @param {string} text */
function jobProblems(text) {
  const [, jobs = ""] = /^jobs:\n([^]*)$/m.exec(text) ?? [];
  return jobs.split(/^(?= {2}[\w-]+:\n)/m).filter((job) => / {4}steps:/.test(job))
    .flatMap((job) => {
      const name = job.trim().split(":")[0];
      return /^ {4}timeout-minutes: \d+$/m.test(job) ? [] : [`1: job "${name}" has no time limit`];
    });
}

reportProblems(import.meta.url, () => findWorkflowProblems(process.argv[2] ?? ROOT));
