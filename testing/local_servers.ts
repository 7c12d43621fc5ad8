/**
 * Starts kinesalite and dynalite inside this process: a small Kinesis and a small DynamoDB, in
 * memory, on 127.0.0.1.
 *
 * @module
 */

import { loadPackage } from "./backends/packages.ts";
import { LocalKinesisError, systemCodeOf } from "./local_error.ts";

/** Two running servers, and what a client needs to reach them. */
export interface EmbeddedServers {
  /** For example `http://127.0.0.1:41234`. */
  readonly kinesisEndpoint: string;
  /** Where the local DynamoDB answers. */
  readonly dynamodbEndpoint: string;
  /** The region that requests are signed for. */
  readonly region: string;
  /** The servers check no signature: any credentials will do. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Cuts every connection and closes both servers. May be repeated. */
  stop(): Promise<void>;
}

/** Where the servers listen. */
export interface EmbeddedServersOptions {
  /** 0 chooses a free port. @default {0} */
  readonly kinesisPort?: number | undefined;
  /** 0 chooses a free port. @default {0} */
  readonly dynamodbPort?: number | undefined;
}

const HOST = "127.0.0.1";
/** How long a stream or table is being created, changed or deleted. */
const CHANGE_MS = 5;

/** What kinesalite is told, wherever it runs. */
export const KINESALITE_OPTIONS: Readonly<Record<string, number>> = {
  createStreamMs: CHANGE_MS,
  deleteStreamMs: CHANGE_MS,
  updateStreamMs: CHANGE_MS,
  shardLimit: 1_000,
};
/** What dynalite is told, wherever it runs. */
export const DYNALITE_OPTIONS: Readonly<Record<string, number>> = {
  createTableMs: CHANGE_MS,
  deleteTableMs: CHANGE_MS,
  updateTableMs: CHANGE_MS,
};

/**
 * Starts both servers; takes about 20 ms.
 *
 * @throws {LocalKinesisError} `PackageMissing` when kinesalite or dynalite is not installed,
 * `PortTaken` when a port is taken
 */
export async function startEmbeddedServers(
  options: EmbeddedServersOptions = {},
): Promise<EmbeddedServers> {
  const kinesis = await startKinesalite(options.kinesisPort);
  let dynamodb: EmbeddedServer;
  try {
    dynamodb = await startDynalite(options.dynamodbPort);
  } catch (error) {
    await kinesis.stop();
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return {
    kinesisEndpoint: kinesis.endpoint,
    dynamodbEndpoint: dynamodb.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    stop: () => stopped ??= stopBoth(kinesis, dynamodb),
  };
}

/** One running server. */
export interface EmbeddedServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts a small Kinesis. */
export async function startKinesalite(port = 0): Promise<EmbeddedServer> {
  return await listen((await loadKinesalite())(KINESALITE_OPTIONS), port);
}

/** Starts a small DynamoDB. */
export async function startDynalite(port = 0): Promise<EmbeddedServer> {
  return await listen((await loadDynalite())(DYNALITE_OPTIONS), port);
}

async function stopBoth(kinesis: EmbeddedServer, dynamodb: EmbeddedServer): Promise<void> {
  await Promise.all([kinesis.stop(), dynamodb.stop()]);
}

type Listener = (...facts: never[]) => void;

/** What is used of a Node HTTP server's request. */
interface ServedRequest {
  on(event: string, listener: Listener): unknown;
}

/** What is used of a Node HTTP server. */
interface Server {
  listen(port: number, host: string, listening: () => void): void;
  once(event: "error", listener: (error: Error) => void): void;
  off(event: "error", listener: (error: Error) => void): void;
  prependListener(event: "request", listener: (request: ServedRequest) => void): void;
  address(): { readonly port: number };
  closeAllConnections(): void;
  close(closed: (error?: Error) => void): void;
}

type CreateServer = (options: Readonly<Record<string, number>>) => Server;

function listen(server: Server, port: number): Promise<EmbeddedServer> {
  server.prependListener("request", shieldFromAborts);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(portTaken(port, error) ?? error);
    server.once("error", fail);
    server.listen(port, HOST, () => {
      server.off("error", fail);
      const endpoint = `http://${HOST}:${server.address().port}`;
      resolve({ endpoint, stop: () => close(server) });
    });
  });
}

/** What to throw when listening failed because somebody else listens there. */
export function portTaken(port: number, cause: unknown): LocalKinesisError | undefined {
  if (systemCodeOf(cause) !== "EADDRINUSE") return undefined;
  const message = `Cannot start the local servers: port ${port} is taken`;
  return new LocalKinesisError("PortTaken", message, { cause });
}

/**
 * Both servers answer a client that goes away in the middle of its request by throwing where nobody
 * can catch it, which ends the process.
 */
function shieldFromAborts(request: ServedRequest): void {
  const on = request.on;
  request.on = function (event, listener) {
    return on.call(request, event, event === "error" ? () => {} : listener);
  };
}

/**
 * Closes the HTTP server only. The `close` that the packages put over it closes their store too,
 * and what is under way then throws where nobody can catch it; the store is in memory, and needs no
 * closing.
 */
function close(server: Server): Promise<void> {
  const { close } = Object.getPrototypeOf(server) as Server;
  return new Promise((resolve, reject) => {
    close.call(server, (error) => error ? reject(error) : resolve());
    server.closeAllConnections(); // idle keep-alive connections would hold it open
  });
}

async function loadKinesalite(): Promise<CreateServer> {
  // @ts-ignore: the package has no types
  const load = () => import("kinesalite");
  return (await loadPackage<{ default: CreateServer }>("kinesalite", load)).default;
}

async function loadDynalite(): Promise<CreateServer> {
  // @ts-ignore: the package has no types
  const load = () => import("dynalite");
  return (await loadPackage<{ default: CreateServer }>("dynalite", load)).default;
}
