/**
 * Preloaded into every test file on Deno, whose runner passes silently over an error that is thrown
 * outside of a test: at the top level, in a timer, in a promise that nobody awaits.
 *
 * @module
 */

/** Written to a file, because Deno's runner keeps to itself what an ending test file printed. */
function fail(what: string, reason: unknown): void {
  const text = reason instanceof Error ? reason.stack ?? String(reason) : String(reason);
  const path = Deno.env.get("KINSUMER_GUARD_LOG");
  if (path !== undefined) Deno.writeTextFileSync(path, `${what}: ${text}\n`, { append: true });
  Deno.exit(1);
}

addEventListener("error", (event) => fail("Uncaught error", event.error));
addEventListener("unhandledrejection", (event) => fail("Unhandled rejection", event.reason));
