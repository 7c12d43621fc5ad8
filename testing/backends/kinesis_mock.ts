/**
 * Starts kinesis-mock (the package kinesis-local), a fuller Kinesis than kinesalite, as a child
 * process on 127.0.0.1.
 *
 * It is no library: it listens as soon as it is loaded and never stops. So a small program loads it
 * there, gives it free ports and one address, tells which, and ends with its standard input, which
 * also ends when this process dies.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { LocalKinesisError } from "../local_error.ts";
import { type EmbeddedServer, portTaken } from "../local_servers.ts";
import { missing, runtimeInUse } from "./packages.ts";

const HOST = "127.0.0.1";
const START_TIMEOUT_MS = 30_000;
/** How long a stream is being created, changed or deleted. */
const CHANGE = "5ms";
/** The port that the program gives away for another one. */
const PLAIN_PORT = "4568";

const SETTINGS = {
  KINESIS_MOCK_PLAIN_PORT: PLAIN_PORT,
  CREATE_STREAM_DURATION: CHANGE,
  DELETE_STREAM_DURATION: CHANGE,
  SPLIT_SHARD_DURATION: CHANGE,
  MERGE_SHARDS_DURATION: CHANGE,
  UPDATE_SHARD_COUNT_DURATION: CHANGE,
  UPDATE_STREAM_MODE_DURATION: CHANGE,
  REGISTER_STREAM_CONSUMER_DURATION: CHANGE,
  DEREGISTER_STREAM_CONSUMER_DURATION: CHANGE,
  START_STREAM_ENCRYPTION_DURATION: CHANGE,
  STOP_STREAM_ENCRYPTION_DURATION: CHANGE,
  SHARD_LIMIT: "1000",
  SHOULD_PERSIST_DATA: "false",
  LOG_LEVEL: "ERROR",
};

/** Where each message of the program begins. */
const MARK = "kinsumer:";

/** Runs as it stands on Node, Deno and Bun. */
const PROGRAM = `
import("node:net").then(async ({ default: net }) => {
  const { createRequire } = await import("node:module");
  const { default: process } = await import("node:process");
  const { KINSUMER_MOCK_MAIN: main, KINSUMER_MOCK_PORT: port } = process.env;
  const tell = (fact) => process.stdout.write("\\n${MARK}" + JSON.stringify(fact) + "\\n");
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (asked, done) {
    const isPlain = asked === ${PLAIN_PORT};
    this.once("error", (error) => tell({ code: String(error.code) }));
    if (isPlain) this.once("listening", () => tell({ port: this.address().port }));
    return listen.call(this, isPlain ? Number(port) : 0, "${HOST}", done);
  };
  // A reader that leaves data behind is not told of it again by Deno, and waits for ever.
  if (typeof Deno !== "undefined") {
    const read = net.Socket.prototype.read;
    net.Socket.prototype.read = function (size) {
      const chunk = read.call(this, size);
      if (this.readableLength > 0) setTimeout(() => this.emit("readable"), 0);
      return chunk;
    };
  }
  process.stdin.on("end", () => process.exit(0)).on("close", () => process.exit(0)).resume();
  createRequire(main)(main);
});
`;

/**
 * Starts it; takes about half a second.
 *
 * @param port 0 chooses a free one
 * @throws {LocalKinesisError} `PackageMissing`, `PortTaken`, or `StartFailed` when it does not come up
 */
export async function startKinesisMock(port = 0): Promise<EmbeddedServer> {
  const child = spawnProgram(findMain(), port);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.stdin?.destroy();
    child.kill("SIGKILL"); // all that it has is in its memory
    await ended;
  };
  try {
    const endpoint = `http://${HOST}:${await portOf(child, port)}`;
    return { endpoint, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnProgram(main: string, port: number): ChildProcess {
  const args = runtimeInUse() === "deno" ? ["eval", "--no-lock"] : ["-e"];
  // What makes the parent a test, or runs its TypeScript, is not for the child.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env;
  return spawn(process.execPath, [...args, PROGRAM], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...inherited,
      ...SETTINGS,
      KINESIS_MOCK_CERT_PATH: join(main, "..", "server.json"),
      KINSUMER_MOCK_MAIN: main,
      KINSUMER_MOCK_PORT: String(port),
    },
  });
}

/** The user's own first: after bundling, this file stands anywhere. */
function findMain(): string {
  let cause: unknown;
  for (const from of [join(process.cwd(), "anything.js"), import.meta.url]) {
    try {
      return createRequire(from).resolve("kinesis-local");
    } catch (error) {
      cause = error;
    }
  }
  throw missing("kinesis-local", cause);
}

/** Waits until the program tells its port. */
function portOf(child: ChildProcess, asked: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      end();
    };
    const fail = (why: string, cause?: unknown): void =>
      settle(() => reject(startFailed(`${why}: ${output.trim().slice(-500)}`, cause)));
    const timer = setTimeout(
      fail,
      START_TIMEOUT_MS,
      "it did not listen in time",
    );
    child.once("error", (error) => fail("its process does not start", error));
    child.once("close", () => fail("it ended"));
    const read = (chunk: unknown): void => {
      output = (output + String(chunk)).slice(-10_000);
      const fact = new RegExp(`${MARK}(\\{.*\\})\\n`).exec(output)?.[1];
      if (fact === undefined) return;
      const { port, code } = JSON.parse(fact) as {
        port?: number;
        code?: string;
      };
      if (port !== undefined) settle(() => resolve(port));
      else {settle(() =>
          reject(
            portTaken(asked, { code }) ?? startFailed(`it fails by ${code}`),
          )
        );}
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
  });
}

function startFailed(why: string, cause?: unknown): LocalKinesisError {
  return new LocalKinesisError(
    "StartFailed",
    `Cannot start kinesis-mock: ${why}`,
    { cause },
  );
}
