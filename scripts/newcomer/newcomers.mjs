/**
 * Makes the projects of newcomers, as the README tells them to, out of the packed library, and lists
 * what is to be tried in them: each version of Node, Bun, Deno, and Deno with the files that JSR gets.
 *
 * @module
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runChild } from "../child.mjs";
import { bunPath, denoPath, ROOT } from "../runtimes.mjs";
import { pinnedNodes } from "./nodes.mjs";
import { commandRows } from "./readme.mjs";
import { newcomerEnvironment, succeed, tryOut } from "./try.mjs";

/** @typedef {import("./readme.mjs").Commands} Commands */

/**
 * @typedef {object} Attempt
 * @property {string} name
 * @property {(() => Promise<void>) | undefined} play absent where the runtime could not be had
 */

/**
 * Installs the packed library, by npm and by Bun. Deno cannot install a packed file: it uses what
 * npm has installed.
 *
 * @param {string} folder
 * @param {string} tarball the packed library
 * @returns {Promise<Attempt[]>}
 * @throws {Error} when something cannot be installed
 */
export async function prepareNewcomers(folder, tarball) {
  const [byNpm, byBun] = [join(folder, "newcomer-npm"), join(folder, "newcomer-bun")];
  const bun = { bun: bunPath(), bunx: bunPath() };
  await Promise.all([
    installPacked({ folder: byNpm, tarball, line: rowOf("Node").install, programs: {} }),
    installPacked({ folder: byBun, tarball, line: rowOf("Bun").install, programs: bun }),
  ]);
  const deno = { programs: { deno: denoPath() }, commands: rowOf("Deno"), doors: doors() };
  return [
    ...nodeAttempts(byNpm),
    attempt("on Bun", () => ({
      folder: below(byBun, "bun"),
      programs: bun,
      commands: rowOf("Bun"),
      doors: doors(),
    })),
    attempt("on Deno", () => ({ ...deno, folder: below(byNpm, "deno") })),
    {
      name: "README on Deno, with JSR's files",
      play: async () => {
        const jsr = below(byNpm, "jsr");
        await layOutForJsr(jsr);
        const command = "deno run -A ./package/src/cli/main.ts";
        await tryOut({ ...deno, folder: jsr, commands: { ...deno.commands, command } });
      },
    },
  ];
}

/**
 * @param {string} name
 * @param {() => import("./try.mjs").Try} prepare
 * @returns {Attempt}
 */
function attempt(name, prepare) {
  return { name: `README ${name}`, play: () => tryOut(prepare()) };
}

/** @param {string} byNpm */
function nodeAttempts(byNpm) {
  return pinnedNodes().map(({ version, path }) => {
    const name = `on Node ${version}`;
    if (path === undefined) return { name: `README ${name}`, play: undefined };
    return attempt(name, () => ({
      folder: below(byNpm, `node-${version}`),
      programs: { node: path },
      commands: rowOf("Node"),
      doors: doors(),
    }));
  });
}

/**
 * @param {string} title what its title begins with
 * @returns {Commands}
 */
function rowOf(title) {
  const row = commandRows().find((each) => each.title.startsWith(title));
  if (row === undefined) throw new Error(`README.md: says nothing of ${title}`);
  return row;
}

/**
 * Runs the README's line, with the packed file in place of the registry's.
 *
 * @param {{ folder: string, tarball: string, line: string, programs: Record<string, string> }} project
 */
async function installPacked({ folder, tarball, line, programs }) {
  mkdirSync(folder);
  cpSync(tarball, join(folder, basename(tarball)));
  const env = newcomerEnvironment(join(folder, "bin"), programs);
  const packed = line.replace(/ kinsumer\b/, ` ./${basename(tarball)}`);
  await succeed(packed, { cwd: folder, env });
}

/**
 * @param {string} project
 * @param {string} name
 * @returns {string} a folder that finds the project's packages
 */
function below(project, name) {
  const folder = join(project, name);
  mkdirSync(folder);
  return folder;
}

/** @returns {string[]} what may be imported */
function doors() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return Object.keys(exports).filter((door) => door !== "./package.json")
    .map((door) => door.replace(/^\./, "kinsumer"));
}

/**
 * Lays out exactly the files that JSR would get, under the names that an import map gives them, and
 * OpenTelemetry's API, a dependency there as aws4fetch is, which npm has brought.
 *
 * @param {string} folder
 */
async function layOutForJsr(folder) {
  const dryRun = ["publish", "--dry-run", "--allow-dirty", "--no-check", "--allow-slow-types"];
  const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const { code, output } = await runChild(denoPath(), dryRun, { cwd: ROOT, env, isQuiet: true });
  const paths = [...output.matchAll(/^\s+(file:\S+) \(/gm)].map(([, url = ""]) =>
    fileURLToPath(url)
  );
  if (code !== 0 || paths.length === 0) throw new Error(`deno publish --dry-run:\n${output}`);
  for (const path of paths) {
    const copy = join(folder, "package", relative(ROOT, path));
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(path, copy);
  }
  const api = join("node_modules", "@opentelemetry", "api");
  cpSync(join(ROOT, api), join(folder, api), { recursive: true });
  const { exports } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  const imports = Object.entries(exports).map((
    [door, source],
  ) => [door.replace(/^\./, "kinsumer"), source.replace(/^\./, "./package")]);
  writeFileSync(
    join(folder, "deno.json"),
    JSON.stringify({ imports: Object.fromEntries(imports), nodeModulesDir: "manual" }),
  );
}
