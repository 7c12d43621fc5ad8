/**
 * Starts kinesalite and dynalite inside this process: a small Kinesis and a small DynamoDB, in
 * memory, on 127.0.0.1.
 *
 * @module
 */

/** Two running servers, and what a client needs to reach them. */
export interface EmbeddedServers {
  /** For example `http://127.0.0.1:41234`. */
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
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

const KINESALITE_OPTIONS = {
  createStreamMs: CHANGE_MS,
  deleteStreamMs: CHANGE_MS,
  updateStreamMs: CHANGE_MS,
  shardLimit: 1_000,
};
const DYNALITE_OPTIONS = {
  createTableMs: CHANGE_MS,
  deleteTableMs: CHANGE_MS,
  updateTableMs: CHANGE_MS,
};

/**
 * Starts both servers; takes about 20 ms.
 *
 * @throws {Error} when kinesalite or dynalite is not installed, or a port is taken
 */
export async function startEmbeddedServers(
  options: EmbeddedServersOptions = {},
): Promise<EmbeddedServers> {
  const [kinesalite, dynalite] = await Promise.all([loadKinesalite(), loadDynalite()]);
  const kinesis = await listen(kinesalite(KINESALITE_OPTIONS), options.kinesisPort ?? 0);
  let dynamodb: Listening;
  try {
    dynamodb = await listen(dynalite(DYNALITE_OPTIONS), options.dynamodbPort ?? 0);
  } catch (error) {
    await kinesis.close();
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

async function stopBoth(kinesis: Listening, dynamodb: Listening): Promise<void> {
  await Promise.all([kinesis.close(), dynamodb.close()]);
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

type CreateServer = (options: Record<string, number>) => Server;

interface Listening {
  readonly endpoint: string;
  close(): Promise<void>;
}

function listen(server: Server, port: number): Promise<Listening> {
  server.prependListener("request", shieldFromAborts);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      const endpoint = `http://${HOST}:${server.address().port}`;
      resolve({ endpoint, close: () => close(server) });
    });
  });
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

function loadKinesalite(): Promise<CreateServer> {
  // @ts-ignore: the package has no types
  return load("kinesalite@3", () => import("kinesalite"));
}

function loadDynalite(): Promise<CreateServer> {
  // @ts-ignore: the package has no types
  return load("dynalite@4", () => import("dynalite"));
}

async function load(name: string, importPackage: () => Promise<unknown>): Promise<CreateServer> {
  let loaded: unknown;
  try {
    loaded = await importPackage();
  } catch (cause) {
    const message = `Cannot start the local servers: "${name}" is not installed ` +
      `(npm install --save-dev ${name})`;
    throw new Error(message, { cause });
  }
  return (loaded as { default: CreateServer }).default;
}
