/**
 * Shows what the interoperability check found, and says loudly what it did not check.
 *
 * @module
 */

import type { PeerKind } from "./peer.ts";
import type { Result } from "./result.ts";
import type { Scenario } from "./scenarios.ts";
import type { Scene } from "./scene.ts";

/** How to call the check; the scenarios follow. */
export const HELP = `Plays Go clients and ours as one fleet on a local Kinesis and DynamoDB.

  npm run interop -- [options]

  --only NAME        plays one scenario
  --peer original    the other side is github.com/twitchscience/kinsumer, built by Go (default)
  --peer stand-in    the other side is a program of ours that follows the same protocol; it needs
                     no Go, and shows nothing about the Go library itself
  --json             prints one JSON object on stdout; the rest goes to stderr
  --help             shows this

Exit code: 0 when nothing was lost and every scenario held, or where the Go program cannot be built
("skipped" then counts what was not checked); 1 when not; 2 when the arguments are wrong.

`;

/** What was not checked, and why. */
export function unchecked(scenarios: readonly Scenario[], reason: string): string {
  const names = scenarios.map(({ name }) => name).join(", ");
  return [
    "",
    "SKIPPED, NOT CHECKED: nothing was run against the Go library",
    `  why      ${reason}`,
    `  skipped  ${scenarios.length}: ${names}`,
    "  instead  --peer stand-in plays them against a program of ours that follows Go's protocol",
    "",
  ].join("\n");
}

/** The results, a line each. */
export function table(results: readonly Result[], peer: PeerKind): string {
  const head = ["scenario", "records", "lost", "twice", "explained", "disorder", "verdict"];
  const rows = results.map((result) =>
    [
      result.name,
      result.produced,
      result.lost,
      result.duplicates,
      result.explained,
      result.outOfOrder,
      result.ok ? "ok" : "FAILED",
    ].map(String)
  );
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd();
  return [
    "",
    peer === "original"
      ? "Against github.com/twitchscience/kinsumer"
      : "Against the STAND-IN, which is not the Go library: that was NOT CHECKED",
    "",
    line(head),
    ...rows.map(line),
    "",
    ...results.flatMap(details),
  ].join("\n");
}

function details(result: Result): string[] {
  const measured = Object.entries(result.measured).map(([name, value]) => `${name}: ${value}`);
  return [
    result.name,
    ...(measured.length > 0 ? [`  measured  ${measured.join("; ")}`] : []),
    `  Go        ${result.goExplains}`,
    ...result.failures.map((failure) => `  FAILED    ${failure}`),
  ];
}

/** The result of a scenario that could not be played to its end. */
export function failed(name: string, scene: Scene, error: unknown): Result {
  return {
    ...scene.ledger.account(),
    name,
    ok: false,
    failures: [String(error)],
    measured: {},
    goExplains: "nothing",
  };
}
