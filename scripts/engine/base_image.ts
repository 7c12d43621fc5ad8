/**
 * Makes the base image that the Dockerfile names out of this machine's own Node, for an engine that
 * cannot pull it: a file system with Node, npm, a shell, and the certificates that this machine
 * trusts. Only ever into an engine that was started for the tests: elsewhere the name would lie.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { imageFiles } from "../../testing/backends/image.ts";

/** What npm and a RUN line need beside Node. */
const PROGRAMS = ["sh", "env", "awk", "grep"];
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** The image that the Dockerfile begins with. */
export function baseImageName(): string {
  const name = /^FROM (\S+)$/m.exec(imageFiles().Dockerfile)?.[1];
  if (name === undefined) {
    throw new Error("The Dockerfile names no image to begin with");
  }
  return name;
}

/** Makes the base image, unless the engine has it or can pull it. */
export function provideBaseImage(
  docker: (...args: readonly string[]) => string,
): "there" | "made" {
  const name = baseImageName();
  for (
    const attempt of [["image", "inspect", name], ["pull", "--quiet", name]]
  ) {
    try {
      docker(...attempt);
      return "there";
    } catch {
      // The next way.
    }
  }
  const folder = mkdtempSync(join(tmpdir(), "kinsumer-base-"));
  try {
    fill(join(folder, "root"));
    const archive = join(folder, "root.tar");
    execFileSync("tar", ["-cf", archive, "-C", join(folder, "root"), "."]);
    const changes = [
      "ENV PATH=/usr/local/bin:/usr/bin:/bin",
      "ENV HOME=/root",
      ...certificateChanges(),
    ];
    docker(
      "import",
      ...changes.flatMap((each) => ["--change", each]),
      archive,
      name,
    );
    return "made";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function certificateChanges(): readonly string[] {
  return existsSync(CERTIFICATES) ? [`ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`] : [];
}

function fill(root: string): void {
  for (
    const folder of ["tmp", "root", "etc", "usr/bin", "usr/local/bin", "bin"]
  ) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  const node = realpathSync(which("node"));
  copyProgram(root, node, "usr/bin/node");
  for (const name of PROGRAMS) {
    copyProgram(root, realpathSync(which(name)), `usr/bin/${name}`);
    if (name === "sh") symlinkSync("/usr/bin/sh", join(root, "bin/sh"));
  }
  const npm = dirname(dirname(realpathSync(which("npm"))));
  cpSync(npm, join(root, "usr/local/npm"), { recursive: true });
  symlinkSync("/usr/local/npm/bin/npm-cli.js", join(root, "usr/bin/npm"));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
  writeFileSync(join(root, "etc/nsswitch.conf"), "hosts: files dns\n");
  writeFileSync(join(root, "root/.npmrc"), npmSettings());
  if (existsSync(CERTIFICATES)) {
    copyFile(root, realpathSync(CERTIFICATES), CERTIFICATES.slice(1));
  }
}

/** Where this machine's npm gets its packages; no credentials, which would stay in the image. */
function npmSettings(): string {
  const registry = execFileSync("npm", ["config", "get", "registry"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  const isPlain = /^https?:\/\//.test(registry) && !registry.includes("@");
  return isPlain ? `registry=${registry}\n` : "";
}

/** A program with the shared libraries that it is linked to. */
function copyProgram(root: string, from: string, to: string): void {
  copyFile(root, from, to);
  for (const [, library = ""] of linked(from).matchAll(/(\/\S+) \(0x/g)) {
    if (!existsSync(join(root, library))) {
      copyFile(root, realpathSync(library), library.slice(1));
    }
  }
}

function linked(program: string): string {
  try {
    return execFileSync("ldd", [program], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return ""; // linked statically
  }
}

function copyFile(root: string, from: string, to: string): void {
  mkdirSync(dirname(join(root, to)), { recursive: true });
  cpSync(from, join(root, to), { dereference: true });
}

function which(name: string): string {
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    // npm puts the packages' own programs first, and they are not the machine's.
    if (folder.includes("node_modules")) continue;
    if (existsSync(join(folder, name))) return join(folder, name);
  }
  throw new Error(`Cannot find "${name}" on this machine`);
}
