/**
 * The `kinsumer` command: finds the command that is asked for, runs it, and turns what went wrong
 * into words and an exit code.
 *
 *     npx kinsumer --help
 *     deno run -A jsr:@kinsumer/kinsumer/cli --help
 *
 * @module
 */

import process from "node:process";
import { KinsumerError } from "../errors.ts";
import { type Command, helpOf, readArguments, twoColumns, UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { onInterruption } from "./interruption.ts";
import { didYouMean } from "./nearest.ts";
import { processShell, type Shell } from "./shell.ts";
import { VERSION } from "./version.ts";

/** Exit code for a wrong command line. */
const USAGE = 2;

/**
 * Runs a command line in this process, and prints what it has to say.
 *
 * @param args the command line without the program, for example `["status", "--help"]`
 * @returns the exit code: 0 all is well, 1 a problem was found or something failed, 2 the command
 * line is wrong, 128 and the signal's number where a signal ended it
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const ending = new AbortController();
  let interruptedCode = 0;
  onInterruption((exitCode) => {
    interruptedCode = exitCode;
    ending.abort();
  });
  const shell = processShell(ending.signal, () => ending.abort());
  const code = await dispatch(args, shell);
  return code ?? interruptedCode;
}

/** @returns the exit code; `undefined` where the user ended it early */
async function dispatch(args: readonly string[], shell: Shell): Promise<number | undefined> {
  const [found, rest] = findCommand(args);
  if (found === undefined) return await withoutCommand(args, shell);
  if (rest.includes("--help") || rest.includes("-h")) {
    await shell.write(helpOf(found));
    return 0;
  }
  try {
    return await found.run({ args: readArguments(found, rest), shell });
  } catch (error) {
    if (shell.signal.aborted) return undefined;
    if (!(error instanceof UsageError)) {
      shell.say(wordsOf(error, found));
      return 1;
    }
    shell.say(`${error.message}\nSee kinsumer ${found.name} --help`);
    return USAGE;
  } finally {
    shell.progress("");
  }
}

function findCommand(
  args: readonly string[],
): readonly [Command | undefined, readonly string[]] {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(" ");
    const found = COMMANDS.find((command) => command.name === name);
    if (found !== undefined) return [found, args.slice(words)];
  }
  return [undefined, args];
}

async function withoutCommand(args: readonly string[], shell: Shell): Promise<number> {
  const [first, second] = args;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const asked = findCommand(args.slice(1))[0];
    await shell.write(asked === undefined ? overview() : helpOf(asked));
    return first === undefined ? USAGE : 0;
  }
  const siblings = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  if (siblings.length > 0 && (second === "--help" || second === "-h")) {
    await shell.write(siblings.map(helpOf).join("\n"));
    return 0;
  }
  if (first === "--version" || first === "-v" || first === "version") {
    await shell.write(`${VERSION}\n`);
    return 0;
  }
  const names = (siblings.length > 0 ? siblings : COMMANDS).map(({ name }) => name);
  const asked = siblings.length > 0 && second !== undefined ? `${first} ${second}` : first;
  const instead = didYouMean(asked, names) || `: one of ${names.join(", ")}`;
  shell.say(`Unknown command "${asked}"${instead}\nSee kinsumer --help`);
  return USAGE;
}

/** The program's own help. */
export function overview(): string {
  return `Looks at fleets of Kinsumers, and helps to run them.

  kinsumer COMMAND [options]

${twoColumns(COMMANDS.map(({ name, summary }) => [name, summary] as const))}
kinsumer COMMAND --help shows a command's options, with examples; kinsumer --version the version.

Exit code: 0 all is well; 1 a problem was found, or something failed; 2 the command line is wrong;
130 after Ctrl-C, where that is not the ordinary end. Colours: where stdout is a terminal;
NO_COLOR and FORCE_COLOR are respected.
`;
}

const HINTS: Readonly<Partial<Record<KinsumerError["code"], string>>> = {
  TableNotFound: "make them by: kinsumer tables create",
  StreamNotFound: "is it the right region, and the right account?",
  AccessDenied: "kinsumer doctor lists every permission",
  CredentialsRejected: "kinsumer doctor tells where they came from",
};

function wordsOf(error: unknown, command: Command): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof KinsumerError)) return error.message;
  const hint = "create-tables" in command.options && error.code === "TableNotFound"
    ? "--create-tables creates them"
    : HINTS[error.code];
  return hint === undefined ? error.message : `${error.message} (${hint})`;
}

// Deno, Bun and newer Nodes say which module was started; on others bin.ts is started.
if ((import.meta as { readonly main?: boolean }).main === true) {
  process.exitCode = await runCommandLine(process.argv.slice(2));
}
