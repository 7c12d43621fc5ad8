/**
 * Runs kinesalite and dynalite in one container, by way of testcontainers, from an image that is
 * built once and cached by the engine.
 *
 * The container lives as long as a connection from here does: when this process dies, however it
 * dies, the container ends and the engine removes it. So it needs no reaper beside it.
 *
 * @module
 */

import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { LocalKinesisError } from "../local_error.ts";
import { portTaken } from "../local_servers.ts";
import { findEngine } from "./engine.ts";
import { imageFiles, imageName, LABEL, PORTS, READY, withImageFolder } from "./image.ts";
import { reachableHost } from "./reach.ts";
import {
  type Container,
  type Engine,
  type ExposedPort,
  loadTestcontainers,
  type StartedContainer,
  type Testcontainers,
} from "./testcontainers.ts";

/** How the container is made. */
export interface ContainerOptions {
  /** The ports on this machine. 0 chooses a free one. */
  readonly kinesisPort: number;
  readonly dynamodbPort: number;
  /** An image of one's own, made from {@linkcode imageFiles}. */
  readonly image?: string | undefined;
  /** Takes a container that an earlier run left, and leaves it for the next. */
  readonly reuse: boolean;
}

/** A container that runs. */
export interface RunningContainer {
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  stop(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
const START_TIMEOUT_MS = 60_000;

/**
 * Starts the container; takes about a second from a cached image.
 *
 * @throws {LocalKinesisError} `PackageMissing`, `PackageUnusable`, `EngineAbsent`,
 * `ImageUnavailable`, `PortTaken` or `StartFailed`
 */
export async function startContainer(
  options: ContainerOptions,
): Promise<RunningContainer> {
  if (await findEngine() === undefined) throw engineAbsent();
  const testcontainers = await loadTestcontainers();
  for (const port of [options.kinesisPort, options.dynamodbPort]) {
    await assertFree(port);
  }
  const engine = await engineOf(testcontainers);
  const image = await prepareImage({
    testcontainers,
    engine,
    ownImage: options.image,
  });
  const container = await startFrom(testcontainers, image, options);
  const host = await hostOf(container);
  const lifeline = options.reuse
    ? undefined
    : await hold(host, container.getMappedPort(PORTS.lifeline));
  let stopped: Promise<void> | undefined;
  return {
    kinesisEndpoint: `http://${host}:${container.getMappedPort(PORTS.kinesis)}`,
    dynamodbEndpoint: `http://${host}:${container.getMappedPort(PORTS.dynamodb)}`,
    stop: () =>
      stopped ??= options.reuse ? Promise.resolve() : end({ container, engine, lifeline }),
  };
}

/** Where its servers answer from here. */
async function hostOf(container: StartedContainer): Promise<string> {
  const named = container.getHost() === "localhost" ? LOOPBACK : container.getHost();
  const ports = [PORTS.kinesis, PORTS.dynamodb].map((port) => container.getMappedPort(port));
  try {
    return await reachableHost([named, LOOPBACK], ports);
  } catch (error) {
    await container.stop({ timeout: 0, remove: false }).catch(() => {}); // the first error tells more
    throw error;
  }
}

/** Ends the container, and waits until the engine has removed it. */
async function end(facts: {
  readonly container: StartedContainer;
  readonly engine: Engine;
  readonly lifeline: Socket | undefined;
}): Promise<void> {
  const { container, engine, lifeline } = facts;
  const gone = engine.container.getById(container.getId()).wait({
    condition: "removed",
  })
    .catch(() => {}); // gone already
  await container.stop({ timeout: 0, remove: false });
  await gone;
  lifeline?.destroy();
}

/** Keeps the container alive, and this process not. */
async function hold(host: string, port: number): Promise<Socket> {
  const socket = connect(port, host);
  await new Promise<void>((resolve) =>
    socket.once("connect", resolve).once("error", () => resolve())
  );
  socket.on("error", () => {}); // the container is gone, and this with it
  socket.unref();
  return socket;
}

async function startFrom(
  { GenericContainer, Wait }: Testcontainers,
  image: string,
  { kinesisPort, dynamodbPort, reuse }: ContainerOptions,
): Promise<StartedContainer> {
  const container = new (reuse ? GenericContainer : removedAtItsEnd(GenericContainer))(image)
    .withLabels({ [LABEL]: "true" })
    .withEnvironment(reuse ? {} : { KINSUMER_LIFELINE: "1" })
    .withExposedPorts(
      binding(PORTS.kinesis, kinesisPort),
      binding(PORTS.dynamodb, dynamodbPort),
      PORTS.lifeline,
    )
    .withWaitStrategy(Wait.forLogMessage(READY))
    .withStartupTimeout(START_TIMEOUT_MS)
    .withAutoCleanup(false); // the lifeline does what the reaper would
  try {
    return await (reuse ? container.withReuse() : container).start();
  } catch (cause) {
    const message = `Cannot start the local servers: the container of "${image}" did not get ready`;
    throw new LocalKinesisError("StartFailed", message, { cause });
  }
}

/** The engine removes such a container whoever ends it. testcontainers lets subclasses say so. */
function removedAtItsEnd(
  Base: Testcontainers["GenericContainer"],
): new (image: string) => Container {
  return class extends Base {
    override async beforeContainerCreated(): Promise<void> {
      await super.beforeContainerCreated?.();
      this.hostConfig.AutoRemove = true;
    }
  };
}

function binding(port: number, hostPort: number): ExposedPort {
  return hostPort === 0 ? port : { container: port, host: hostPort };
}

/** One build at a time and process; the engine keeps what was built. */
let preparing: Promise<string> | undefined;

async function prepareImage(facts: {
  readonly testcontainers: Testcontainers;
  readonly engine: Engine;
  readonly ownImage: string | undefined;
}): Promise<string> {
  const { testcontainers: { ImageName }, engine, ownImage } = facts;
  const name = ownImage ?? imageName();
  const reference = ImageName.fromString(name);
  if (await engine.image.exists(reference)) return name;
  if (ownImage === undefined) {
    preparing ??= build(engine, name).finally(() => preparing = undefined);
    return await preparing;
  }
  try {
    await engine.image.pull(reference);
    // A pull that breaks off ends without an error.
    if (await engine.image.exists(reference)) return name;
  } catch (cause) {
    throw imageUnavailable(
      `"${name}" is not there and cannot be pulled`,
      cause,
    );
  }
  throw imageUnavailable(`"${name}" is not there`, "the pull broke off");
}

async function build(engine: Engine, name: string): Promise<string> {
  const registry = process.env["npm_config_registry"];
  // Arguments stay readable in the image: none that could carry a password.
  const buildargs = registry && !registry.includes("@") ? { npm_config_registry: registry } : {};
  const options = { t: name, buildargs, labels: { [LABEL]: "true" } };
  const { dockerode } = engine.container;
  try {
    await withImageFolder(async (context) => {
      const src = Object.keys(imageFiles());
      const output = await dockerode.buildImage({ context, src }, options);
      await new Promise<void>((resolve, reject) => {
        dockerode.modem.followProgress(output, (error, messages) => {
          // A build that fails ends in order, with this as its last message.
          const failure = messages.find((each) => each.error !== undefined)
            ?.error;
          if (error !== null || failure !== undefined) {
            reject(error ?? new Error(failure));
          } else resolve();
        });
      });
    });
    return name;
  } catch (cause) {
    throw imageUnavailable(`"${name}" cannot be built`, cause);
  }
}

function imageUnavailable(what: string, cause: unknown): LocalKinesisError {
  const message = `Cannot start the local servers: the image ${what}: ${firstLine(cause)}`;
  return new LocalKinesisError("ImageUnavailable", message, { cause });
}

function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split(
    "\n",
  )[0] ?? "";
}

async function engineOf(
  { getContainerRuntimeClient }: Testcontainers,
): Promise<Engine> {
  try {
    return await getContainerRuntimeClient();
  } catch (cause) {
    throw engineAbsent(cause);
  }
}

function engineAbsent(cause?: unknown): LocalKinesisError {
  const message = "Cannot start the local servers: no container engine answers; start one, " +
    'set DOCKER_HOST, or use the backend "embedded"';
  return new LocalKinesisError("EngineAbsent", message, { cause });
}

/** The engine's own words for a taken port differ from version to version. */
async function assertFree(port: number): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) => reject(portTaken(port, error) ?? error));
    probe.listen(port, "0.0.0.0", () => probe.close(() => resolve()));
  });
}
