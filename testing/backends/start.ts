/**
 * Decides which servers to start, and starts them.
 *
 * @module
 */

import { LocalKinesisError } from "../local_error.ts";
import type { LocalBackend, ResolvedLocalOptions } from "../local_options.ts";
import { type EmbeddedServer, startDynalite, startKinesalite } from "../local_servers.ts";
import { startContainer } from "./container.ts";
import { findEngine } from "./engine.ts";
import { startKinesisMock } from "./kinesis_mock.ts";

/** Servers that run. */
export interface StartedBackend {
  readonly backend: LocalBackend;
  /** Why it is this one. */
  readonly why: string;
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  stop(): Promise<void>;
}

/** What decides. */
export type BackendOptions = Pick<
  ResolvedLocalOptions,
  | "backend"
  | "isNamedByEnvironment"
  | "kinesisPort"
  | "dynamodbPort"
  | "image"
  | "reuse"
>;

/** Starts the servers that the options ask for. */
export async function startBackend(
  options: BackendOptions,
): Promise<StartedBackend> {
  if (options.backend === "auto") return await startEither(options);
  const { isNamedByEnvironment } = options;
  const why = isNamedByEnvironment ? "KINSUMER_LOCAL_BACKEND names it" : "the options name it";
  return {
    backend: options.backend,
    why,
    ...await start(options.backend, options),
  };
}

/** A container where that works; else embedded. What was asked for and fails is not passed over. */
async function startEither(options: BackendOptions): Promise<StartedBackend> {
  const fallBack = async (why: string): Promise<StartedBackend> => ({
    backend: "embedded",
    why,
    ...await start("embedded", options),
  });
  const engine = await findEngine();
  if (engine === undefined) {
    return await fallBack("no container engine answers");
  }
  try {
    const servers = await start("container", options);
    return {
      backend: "container",
      why: `an engine answers at ${engine}`,
      ...servers,
    };
  } catch (error) {
    const isOver = error instanceof LocalKinesisError &&
      error.code === "PortTaken";
    if (isOver || !(error instanceof LocalKinesisError)) throw error;
    return await fallBack(
      `an engine answers at ${engine}, but: ${error.message}`,
    );
  }
}

type Servers = Omit<StartedBackend, "backend" | "why">;

function start(
  backend: LocalBackend,
  options: BackendOptions,
): Promise<Servers> {
  const { kinesisPort, dynamodbPort, image, reuse } = options;
  switch (backend) {
    case "container":
      return startContainer({ kinesisPort, dynamodbPort, image, reuse });
    case "embedded":
      return startPair(() => startKinesalite(kinesisPort), dynamodbPort);
    case "kinesis-mock":
      return startPair(() => startKinesisMock(kinesisPort), dynamodbPort);
  }
}

async function startPair(
  startKinesis: () => Promise<EmbeddedServer>,
  dynamodbPort: number,
): Promise<Servers> {
  const kinesis = await startKinesis();
  try {
    const dynamodb = await startDynalite(dynamodbPort);
    return {
      kinesisEndpoint: kinesis.endpoint,
      dynamodbEndpoint: dynamodb.endpoint,
      stop: async () => void await Promise.all([kinesis.stop(), dynamodb.stop()]),
    };
  } catch (error) {
    await kinesis.stop();
    throw error;
  }
}
