/**
 * Makes a program of a checker: prints its problems, and exits with 1 where there is one.
 *
 * @module
 */
import process from "node:process";
import { pathToFileURL } from "node:url";

/**
 * Does nothing when the module is imported, by its test, and not run.
 *
 * @param {string} url the checker's `import.meta.url`
 * @param {() => readonly string[]} findProblems
 */
export function reportProblems(url, findProblems) {
  if (url !== pathToFileURL(process.argv[1] ?? "").href) return;
  const problems = findProblems();
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
