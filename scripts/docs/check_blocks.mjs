/**
 * Type-checks every TypeScript block of the documents and every example of a docstring, as strictly
 * as the project itself. A block stands alone; one that does not make what it speaks of finds it
 * declared: see {@link DECLARED}.
 *
 *     node scripts/docs/check_blocks.mjs
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reportProblems } from "../checks/report.mjs";
import { loadTypescript, ROOT } from "../runtimes.mjs";
import { FOLDER, SOURCES } from "../recipes/recipes.mjs";
import { docstringBlocks, documents, fencedBlocks } from "./markdown.mjs";

/** @typedef {import("./markdown.mjs").Block} Block */

const ts = loadTypescript();

/** What a block may use without making it. */
const DECLARED = `
import { Kinsumer as DeclaredKinsumer } from "kinsumer";
declare global {
  /** A Kinsumer that runs. */
  var kinsumer: DeclaredKinsumer;
  /** What the reader does with a record. */
  var handle: (work: unknown) => Promise<void>;
}
`;

/** A package of others that a block imports, as far as it is used. */
const CREDENTIALS = `
import type { CredentialsProvider } from "kinsumer";
export declare function fromNodeProviderChain(): CredentialsProvider;
`;

/** The other package of others, as far as it is used. */
const DYNAMODB = `
export declare class ConditionalCheckFailedException extends Error {}
export declare class PutItemCommand {
  constructor(input: {
    readonly TableName: string;
    readonly Item: Readonly<Record<string, { readonly S: string }>>;
    readonly ConditionExpression: string;
  });
}
export declare class DynamoDBClient {
  constructor(options: object);
  send(command: PutItemCommand): Promise<unknown>;
}
`;

/** What the KCL's package takes, by its own documentation: its npm package needs Java, and has no types. */
const KCL = `
interface Checkpointer {
  checkpoint(done: (error?: Error) => void): void;
  checkpoint(sequenceNumber: string, done: (error?: Error) => void): void;
}
interface KclRecord {
  readonly data: string;
  readonly partitionKey: string;
  readonly sequenceNumber: string;
}
type Call<Input> = (input: Input, done: () => void) => void;
interface RecordProcessor {
  readonly initialize: Call<{ readonly shardId: string }>;
  readonly processRecords: Call<{
    readonly records: readonly KclRecord[];
    readonly checkpointer: Checkpointer;
  }>;
  readonly leaseLost: Call<object>;
  readonly shardEnded: Call<{ readonly checkpointer: Checkpointer }>;
  readonly shutdownRequested?: Call<{ readonly checkpointer: Checkpointer }>;
}
export default function kcl(processor: RecordProcessor): { run(): void };
`;

/** What lifion-kinesis takes, by its own documentation: it has no types. */
const LIFION = `
interface Chunk {
  readonly records: readonly { readonly data: unknown; readonly sequenceNumber: string }[];
  readonly setCheckpoint: (sequenceNumber?: string) => Promise<void>;
  readonly continuePolling: () => void;
}
export default class Kinesis {
  constructor(options: {
    readonly streamName: string;
    readonly consumerGroup: string;
    readonly createStreamIfNeeded: boolean;
    readonly initialPositionInStream: "LATEST" | "TRIM_HORIZON";
    readonly useAutoCheckpoints: boolean;
    readonly usePausedPolling: boolean;
  });
  on(event: "data", listener: (chunk: Chunk) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  startConsumer(): Promise<void>;
  stopConsumer(): void;
}
`;

const REFERENCE = "docs/reference/";
const VIRTUAL = join(ROOT, ".tmp", "docs");
const PEERS = join(ROOT, "scripts", "bench", "node_modules");

/** What a block may import by name, and the file that it gets. */
const MODULES = {
  "kinsumer": join(ROOT, "mod.ts"),
  "@kinsumer/kinsumer": join(ROOT, "mod.ts"),
  "@kinsumer/kinsumer/statsd": join(ROOT, "src", "statsd", "mod.ts"),
  "kinsumer/statsd": join(ROOT, "src", "statsd", "mod.ts"),
  "@kinsumer/kinsumer/kpl": join(ROOT, "src", "kpl", "mod.ts"),
  "kinsumer/kpl": join(ROOT, "src", "kpl", "mod.ts"),
  "@kinsumer/kinsumer/edge": join(ROOT, "src", "edge", "mod.ts"),
  "kinsumer/edge": join(ROOT, "src", "edge", "mod.ts"),
  "@kinsumer/kinsumer/node": join(ROOT, "src", "node", "mod.ts"),
  "kinsumer/node": join(ROOT, "src", "node", "mod.ts"),
  "kinsumer/testing": join(ROOT, "testing", "mod.ts"),
  "@kinsumer/kinsumer/testing": join(ROOT, "testing", "mod.ts"),
  "@aws-sdk/credential-providers": join(VIRTUAL, "credentials.ts"),
  "@aws-sdk/client-dynamodb": join(VIRTUAL, "dynamodb.ts"),
  "@aws-sdk/client-kinesis": join(PEERS, "@aws-sdk", "client-kinesis", "dist-types", "index.d.ts"),
  "aws-kcl": join(VIRTUAL, "kcl.d.ts"),
  "lifion-kinesis": join(VIRTUAL, "lifion.d.ts"),
};

/** @returns {import("typescript").CompilerOptions} */
function compilerOptions() {
  const path = join(ROOT, "tsconfig.json");
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const paths = Object.fromEntries(
    Object.entries(MODULES).map(([name, file]) => [name, [file]]),
  );
  // A block may leave unused what it shows.
  return { ...options, paths, noUnusedLocals: false };
}

/**
 * @param {ReadonlyMap<string, string>} files what is not on the disk, by path
 * @param {import("typescript").CompilerOptions} options
 */
function createHost(files, options) {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const text = files.get(path);
    return text === undefined ? getSourceFile(path, ...rest) : ts.createSourceFile(path, text, {
      languageVersion: ts.ScriptTarget.ES2022,
      impliedNodeFormat: ts.ModuleKind.ESNext,
    }, true);
  };
  return host;
}

/**
 * @param {readonly Block[]} blocks
 * @returns {string[]} what is wrong with them, one line each
 */
export function findBlockProblems(blocks) {
  const virtual = blocks.map((block, index) => ({
    block,
    path: join(VIRTUAL, `block_${index}.ts`),
  }));
  const files = new Map([
    [join(VIRTUAL, "package.json"), '{ "type": "module" }'],
    [join(VIRTUAL, "declared.ts"), DECLARED],
    [join(VIRTUAL, "credentials.ts"), CREDENTIALS],
    [join(VIRTUAL, "dynamodb.ts"), DYNAMODB],
    [join(VIRTUAL, "kcl.d.ts"), KCL],
    [join(VIRTUAL, "lifion.d.ts"), LIFION],
    ...virtual.map(({ path, block }) => /** @type {const} */ ([path, asModule(block)])),
  ]);
  const options = compilerOptions();
  const roots = [join(VIRTUAL, "declared.ts"), ...virtual.map(({ path }) => path)];
  const program = ts.createProgram(roots, options, createHost(files, options));
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n");
    const { file, start = 0 } = diagnostic;
    const place = virtual.find(({ path }) => path === file?.fileName);
    if (file === undefined || place === undefined) return `${file?.fileName ?? ""}: ${message}`;
    const line = place.block.line + file.getLineAndCharacterOfPosition(start).line;
    return `${place.block.path}:${line}: ${message}`;
  });
}

/**
 * A docstring's example has its class in scope already; it needs no import.
 *
 * @param {Block} block
 */
function asModule({ code }) {
  const isImported = /import \{[^}]*\bKinsumer\b/.test(code);
  const isUsed = /\bKinsumer\b/.test(code);
  // On the line of the code's first line, so that the lines keep their numbers.
  return `${
    isUsed && !isImported ? 'import { Kinsumer } from "kinsumer"; ' : ""
  }${code}\nexport {};\n`;
}

/**
 * @returns {Block[]} but for the recipes, which are checked where what they import is installed, and
 *   for the reference, whose blocks are the docstrings'
 */
export function typescriptBlocks() {
  const pages = documents().filter((path) => !path.startsWith(REFERENCE));
  const blocks = [...pages.flatMap(fencedBlocks), ...docstringBlocks()];
  const recipes = SOURCES.map((name) => readFileSync(join(FOLDER, name), "utf8").trimEnd());
  return blocks.filter(({ language, code }) => language === "ts" && !recipes.includes(code));
}

reportProblems(import.meta.url, () => findBlockProblems(typescriptBlocks()));
