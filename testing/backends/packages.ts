/**
 * Loads the packages that the backends stand on. All of them are optional peers: one that is missing
 * is named together with the command that installs it on the runtime in use.
 *
 * @module
 */

import { LocalKinesisError, systemCodeOf } from "../local_error.ts";

/** The versions that are tested. */
export const PACKAGES = {
  kinesalite: "3.3.3",
  dynalite: "4.0.0",
  "kinesis-local": "0.6.2",
  testcontainers: "12.2.0",
} as const;

/** A package that a backend stands on. */
export type PackageName = keyof typeof PACKAGES;

/** A runtime that has a package manager of its own. */
export type InstallingRuntime = "node" | "deno" | "bun";

const COMMANDS: Readonly<Record<InstallingRuntime, string>> = {
  node: "npm install --save-dev ",
  deno: "deno add --dev npm:",
  bun: "bun add --dev ",
};

/** The command that installs a package. */
export function installCommand(
  name: PackageName,
  runtime: InstallingRuntime = runtimeInUse(),
): string {
  return `${COMMANDS[runtime]}${name}@${PACKAGES[name]}`;
}

/** The runtime that runs this. */
export function runtimeInUse(): InstallingRuntime {
  const { Deno: deno, Bun: bun } = globalThis as {
    Deno?: unknown;
    Bun?: unknown;
  };
  if (deno !== undefined) return "deno";
  return bun === undefined ? "node" : "bun";
}

/**
 * Loads a package.
 *
 * @param importPackage imports it; the name must stand there, where every packager can see it
 * @throws {LocalKinesisError} `PackageMissing`; `PackageUnusable` when it fails as it loads
 */
export async function loadPackage<Module>(
  name: PackageName,
  importPackage: () => Promise<unknown>,
): Promise<Module> {
  try {
    return await importPackage() as Module;
  } catch (cause) {
    const code = systemCodeOf(cause);
    const isMissing = code === "ERR_MODULE_NOT_FOUND" ||
      code === "MODULE_NOT_FOUND";
    throw isMissing ? missing(name, cause) : new LocalKinesisError(
      "PackageUnusable",
      `Cannot start the local servers: "${name}" is installed, but does not load on this runtime`,
      { cause },
    );
  }
}

/** The error that says how to install a package. */
export function missing(name: PackageName, cause?: unknown): LocalKinesisError {
  return new LocalKinesisError(
    "PackageMissing",
    `Cannot start the local servers: "${name}" is not installed: ${installCommand(name)}`,
    { cause },
  );
}
