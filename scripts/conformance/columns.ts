/**
 * Puts every probe to every server, and to the simulation.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  differs,
  type Observation,
  type Probe,
  probe,
  type Subject,
  type Topic,
} from "../../testing/conformance/observation.ts";
import { openSimulatedDatabase } from "../../testing/conformance/simulated_dynamodb.ts";
import { openSimulatedKinesis } from "../../testing/conformance/simulated_kinesis.ts";
import type { Column, Service } from "../../testing/conformance/table.ts";
import { DYNAMODB_TOPICS, KINESIS_TOPICS } from "../../testing/conformance/topics.ts";
import { openWire } from "../../testing/conformance/wire.ts";
import { BACKENDS, ROOT } from "../runtimes.mjs";
import { type RunningServer, startEmbedded, startMock } from "./servers.ts";

/** Somebody to be probed. */
interface Candidate {
  /** What `--only` calls it. */
  readonly name: string;
  readonly title: string;
  readonly service: "kinesis" | "dynamodb";
  /** Absent: it is a simulation. */
  readonly start?: () => Promise<RunningServer>;
  /** Absent: it is a server. */
  readonly simulate?: () => Subject;
}

const CANDIDATES: readonly Candidate[] = [
  {
    name: "kinesalite",
    title: `kinesalite ${versionOf("kinesalite")}`,
    service: "kinesis",
    start: () => startEmbedded("kinesis"),
  },
  {
    name: "kinesis-mock",
    title: `kinesis-mock ${versionOf("kinesis-local", BACKENDS)}`,
    service: "kinesis",
    start: startMock,
  },
  {
    name: "simulation",
    title: "simulation",
    service: "kinesis",
    simulate: openSimulatedKinesis,
  },
  {
    name: "dynalite",
    title: `dynalite ${versionOf("dynalite")}`,
    service: "dynamodb",
    start: () => startEmbedded("dynamodb"),
  },
  {
    name: "simulation",
    title: "simulation",
    service: "dynamodb",
    simulate: openSimulatedDatabase,
  },
];

const ENDPOINTS = {
  kinesalite: "KINSUMER_KINESIS_ENDPOINT",
  dynalite: "KINSUMER_DYNAMODB_ENDPOINT",
} as const;

/** Who can be named by `--only`. */
export const NAMES: readonly string[] = [...new Set(CANDIDATES.map(({ name }) => name))];

/** What was seen of a candidate, and what of it nobody looked at. */
export interface Findings {
  readonly services: readonly Service[];
  /** Behaviours that were not looked at, because a server that somebody else runs might die. */
  readonly skipped: ReadonlySet<string>;
}

/**
 * Probes.
 *
 * @param only whom to probe; one whose endpoint the environment names is asked there
 */
export async function observe(only: readonly string[]): Promise<Findings> {
  const skipped = new Set<string>();
  const service = async (name: "kinesis" | "dynamodb", title: string): Promise<Service> => {
    const topics = name === "kinesis" ? KINESIS_TOPICS : DYNAMODB_TOPICS;
    const asked = CANDIDATES.filter((each) => each.service === name && only.includes(each.name));
    const columns = await Promise.all(asked.map((each) => columnOf(each, topics, skipped)));
    return { title, topics, columns };
  };
  const services = [await service("kinesis", "Kinesis"), await service("dynamodb", "DynamoDB")];
  return { services, skipped };
}

async function columnOf(
  candidate: Candidate,
  topics: readonly Topic[],
  skipped: Set<string>,
): Promise<Column> {
  const { service, title } = candidate;
  const own = endpointOf(candidate);
  const start = own === undefined ? candidate.start : undefined;
  const server = await start?.();
  const endpoint = own ?? server?.endpoint;
  const subject = candidate.simulate?.() ?? openWire({ service, endpoint: endpoint ?? "" });
  const observations = new Map<string, Observation>();
  try {
    for (const each of topics.flatMap(({ probes }) => probes)) {
      const isSafe = each.isDangerous !== true || candidate.simulate !== undefined;
      if (isSafe) observations.set(each.behaviour, await probe(each, subject));
      else if (start !== undefined) {
        observations.set(each.behaviour, await risk(each, service, start));
      } else skipped.add(each.behaviour);
    }
  } finally {
    await server?.stop();
  }
  return { title, observations };
}

/** Puts a probe to a server of its own, which may end of it. */
async function risk(
  dangerous: Probe,
  service: "kinesis" | "dynamodb",
  start: () => Promise<RunningServer>,
): Promise<Observation> {
  const server = await start();
  try {
    const observation = await probe(dangerous, openWire({ service, endpoint: server.endpoint }));
    await new Promise((resolve) => setTimeout(resolve, 200)); // it may still be ending
    return server.hasDied() ? differs("the question ends the server's process") : observation;
  } finally {
    await server.stop();
  }
}

/** Where somebody else runs it. */
function endpointOf({ name }: Candidate): string | undefined {
  const variable = name === "kinesalite" || name === "dynalite" ? ENDPOINTS[name] : undefined;
  return (variable && process.env[variable]) || undefined;
}

/** The version that the manifest of the folder pins. */
function versionOf(name: string, folder: string = ROOT): string {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  return manifest.devDependencies[name] ?? "";
}
