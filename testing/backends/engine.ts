/**
 * Finds out whether a container engine answers, in a millisecond or two and without a package: asks
 * the sockets at which engines listen.
 *
 * @module
 */

import { request } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const ANSWER_TIMEOUT_MS = 2_000;

/** Where an engine answers; `undefined` where none does. */
export async function findEngine(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  for (const place of places(env)) {
    if (await answers(place)) return place;
  }
  return undefined;
}

/** What `DOCKER_HOST` names and nothing else, or the usual sockets. */
function places(
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const named = env["DOCKER_HOST"];
  if (named) return [named];
  if (process.platform === "win32") return ["npipe:////./pipe/docker_engine"];
  const run = env["XDG_RUNTIME_DIR"];
  const home = env["HOME"] ?? homedir();
  return [
    "/var/run/docker.sock",
    ...(run ? [join(run, "docker.sock"), join(run, ".docker", "run", "docker.sock")] : []),
    join(home, ".docker", "run", "docker.sock"),
    join(home, ".docker", "desktop", "docker.sock"),
  ].map((path) => `unix://${path}`);
}

function answers(place: string): Promise<boolean> {
  const socketPath = /^(?:unix|npipe):\/\/(.+)$/.exec(place)?.[1];
  const url = place.replace(/^tcp:/, "http:");
  // An engine behind TLS or ssh is left to testcontainers, which knows how to reach it.
  if (socketPath === undefined && !url.startsWith("http:")) {
    return Promise.resolve(true);
  }
  const target = socketPath === undefined
    ? { host: new URL(url).hostname, port: new URL(url).port }
    : { socketPath };
  return new Promise((resolve) => {
    const options = {
      ...target,
      path: "/_ping",
      agent: false,
      timeout: ANSWER_TIMEOUT_MS,
    };
    const asking = request(options, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(true));
    });
    asking.once("timeout", () => asking.destroy());
    asking.once("error", () => resolve(false));
    asking.end();
  });
}
