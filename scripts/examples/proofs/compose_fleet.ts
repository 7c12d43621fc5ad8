/**
 * The services of compose.yaml on a container engine, by its plain command: the plugin `compose` is
 * not everywhere. A program of its own, because the engine's command is waited for.
 *
 *     compose_fleet.ts FOLDER TARBALL
 *
 * @module
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { eventually } from "../../../testing/collect.ts";
import { parseYaml, type YamlNode } from "../../docs/yaml.ts";
import { provideBaseImage } from "../../engine/base_image.ts";
import { type Engine, openEngine } from "../../engine/engine.ts";

type Docker = Engine["docker"];

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly scale?: string;
  readonly restart?: string;
  readonly "stop_grace_period"?: string;
}

const PATIENCE_MS = 60_000;
const LABEL = "com.kinsumer.example";
const KINSUMER = "node_modules/.bin/kinsumer";

/** The services, while they run. */
class Fleet {
  readonly #docker: Docker;
  readonly #place: string;
  readonly #network = `kinsumer-example-${process.pid}`;
  readonly #services: Readonly<Record<string, Service>>;
  readonly #containers: string[] = [];

  constructor({ docker, place }: Engine, folder: string) {
    this.#docker = docker;
    this.#place = place;
    const text = readFileSync(join(folder, "compose.yaml"), "utf8");
    const { services } = parseYaml(text) as { readonly [key: string]: YamlNode };
    this.#services = services as unknown as Record<string, Service>;
    docker("build", "--quiet", `--tag=${this.#service("servers").image}`, folder);
    docker("network", "create", `--label=${LABEL}`, this.#network);
  }

  #service(name: string): Service {
    const service = this.#services[name];
    assert.ok(service !== undefined, `compose.yaml has no service "${name}"`);
    return service;
  }

  /** Starts the containers of a service; returns their IDs. */
  start(name: string): readonly string[] {
    const {
      environment,
      image,
      command,
      scale = "1",
      restart = "no",
      "stop_grace_period": grace = "10s",
    } = this.#service(name);
    const flags = [
      `--label=${LABEL}`,
      `--network=${this.#network}`,
      `--network-alias=${name}`,
      `--restart=${restart}`,
      `--stop-timeout=${Number.parseInt(grace)}`,
      ...Object.entries(environment).map(([key, value]) => `--env=${key}=${value}`),
    ];
    const started = Array.from(
      { length: Number(scale) },
      () => this.#docker("run", "--detach", ...flags, image, ...command).trim(),
    );
    this.#containers.push(...started);
    return started;
  }

  logs(container: string): string {
    return this.#docker("logs", container);
  }

  /** Runs the command `kinsumer` in a container. */
  kinsumer(container: string, args: readonly string[], input = ""): string {
    const env = { ...process.env, DOCKER_HOST: this.#place };
    const command = ["exec", "--interactive", container, KINSUMER, ...args];
    return execFileSync("docker", command, { env, input, encoding: "utf8", stdio: "pipe" });
  }

  /** Stops a container in order; returns its exit code. */
  stop(container: string): string {
    this.#docker("stop", container);
    return this.#docker("inspect", "--format={{.State.ExitCode}}", container).trim();
  }

  down(): void {
    if (this.#containers.length > 0) {
      this.#docker("rm", "--force", "--volumes", ...this.#containers);
    }
    this.#docker("network", "rm", this.#network);
    this.#docker("rmi", "--force", this.#service("servers").image);
  }
}

/** The library is not on the registry yet: the image takes the package itself. */
function useTarball(folder: string, tarball: string): void {
  cpSync(tarball, join(folder, basename(tarball)));
  const path = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { dependencies: { kinsumer: string } };
  manifest.dependencies.kinsumer = `file:./${basename(tarball)}`;
  writeFileSync(path, JSON.stringify(manifest));
}

interface Status {
  readonly clients: readonly { readonly ownedCount: number }[];
}

/** Up, records, one leaves, more records: each comes once. */
async function play(fleet: Fleet): Promise<string> {
  const [servers = ""] = fleet.start("servers");
  await eventually(
    "the servers are ready",
    () => fleet.logs(servers).includes("ready"),
    PATIENCE_MS,
  );
  const consumers = fleet.start("consumer");
  const ask = ["status", "--stream=orders", "--application=billing", "--json"];
  await eventually("three consumers have two shards each", () => {
    const { clients } = statusOf(fleet, servers, ask);
    return clients.length === 3 && clients.every(({ ownedCount }) => ownedCount === 2);
  }, PATIENCE_MS);
  const billed = (): readonly string[] =>
    consumers.flatMap((each) =>
      [...fleet.logs(each).matchAll(/^billed (.+)$/gm)].map(([, text = ""]) => text)
    );
  const put = async (texts: readonly string[], total: number): Promise<void> => {
    fleet.kinsumer(servers, ["put", "--stream=orders"], texts.join("\n"));
    await eventually(`${total} are billed`, () => billed().length >= total, PATIENCE_MS);
  };
  const texts = Array.from({ length: 360 }, (_, index) => `order-${index}`);
  await put(texts.slice(0, 300), 300);
  assert.ok(
    consumers.every((each) => fleet.logs(each).includes("billed ")),
    "one had nothing to do",
  );
  const [leaving = ""] = consumers;
  assert.equal(fleet.stop(leaving), "0", "the exit code of the one that was stopped");
  assert.match(fleet.logs(leaving), /^stopped$/m);
  await put(texts.slice(300), 360);
  assert.deepEqual([...billed()].sort(), [...texts].sort(), "each comes once");
  return "360 orders by three consumers, of which one left: each once";
}

function statusOf(fleet: Fleet, servers: string, ask: readonly string[]): Status {
  try {
    return JSON.parse(fleet.kinsumer(servers, ask)) as Status;
  } catch {
    return { clients: [] }; // not yet
  }
}

async function main(folder: string, tarball: string): Promise<string> {
  const engine = await openEngine();
  if ("why" in engine) return `SKIPPED: ${engine.why}`;
  process.once("SIGTERM", () => engine.stop().finally(() => process.exit(1)));
  let fleet: Fleet | undefined;
  try {
    if (engine.isOwn) provideBaseImage(engine.docker);
    useTarball(folder, tarball);
    fleet = new Fleet(engine, folder);
    return await play(fleet);
  } finally {
    fleet?.down();
    await engine.stop();
  }
}

const [folder = "", tarball = ""] = process.argv.slice(2);
process.stdout.write(`${await main(folder, tarball)}\n`);
