/**
 * One start of one subject, in a process of its own: imports it, and reads records once. Prints how
 * many milliseconds the import took, and how many all of it.
 *
 *     <runtime> cold_start_subject.mjs <subject> <options as JSON>
 *
 * @module
 */
import process from "node:process";

/**
 * @typedef {object} Options
 * @property {string} streamName
 * @property {string} applicationName
 * @property {string} region
 * @property {string} kinesisEndpoint
 * @property {string} dynamodbEndpoint
 * @property {{ accessKeyId: string, secretAccessKey: string }} credentials
 */

const SHARD = "shardId-000000000000";
const startMs = performance.now();

/** @type {Readonly<Record<string, (options: Options) => Promise<number>>>} */
const SUBJECTS = {
  sdk: async ({ streamName, region, kinesisEndpoint, credentials }) => {
    const sdk = await import("@aws-sdk/client-kinesis");
    // The local server speaks HTTP/1.1 only, for which the SDK has another handler.
    const { NodeHttpHandler } = await import("@smithy/node-http-handler");
    const importedMs = performance.now();
    const requestHandler = new NodeHttpHandler();
    const where = { endpoint: kinesisEndpoint, region, credentials };
    const client = new sdk.KinesisClient({ ...where, requestHandler });
    const place = { StreamName: streamName, ShardId: SHARD };
    const command = new sdk.GetShardIteratorCommand({
      ...place,
      ShardIteratorType: "TRIM_HORIZON",
    });
    const { ShardIterator } = await client.send(command);
    await client.send(new sdk.GetRecordsCommand({ ShardIterator }));
    return importedMs;
  },
  ports: async ({ kinesisEndpoint, ...options }) => {
    const { openStream } = await import("../../dist/edge.js");
    const importedMs = performance.now();
    const { streamName, region, credentials } = options;
    const stream = openStream({ streamName, region, credentials, endpoint: kinesisEndpoint });
    const position = /** @type {const} */ ({ type: "TRIM_HORIZON" });
    const shardIterator = await stream.getShardIterator({ shardId: SHARD, position });
    await stream.getRecords({ shardId: SHARD, shardIterator, limit: 10_000 });
    return importedMs;
  },
  edge: async (options) => {
    const { runOnce } = await import("../../dist/edge.js");
    return await run(runOnce, options);
  },
  whole: async (options) => {
    const { runOnce } = await import("../../dist/mod.js");
    return await run(runOnce, options);
  },
};

/**
 * Runs until the first record is there: behind it lie the fleet, a capture and a read.
 *
 * @param {typeof import("../../dist/edge.js").runOnce} runOnce
 * @param {Options} options
 */
async function run(runOnce, options) {
  const importedMs = performance.now();
  await new Promise((resolve, reject) => {
    runOnce(options, resolve, { budgetMs: 20_000 }).catch(reject);
  });
  return importedMs;
}

const [name = "", given = "{}"] = process.argv.slice(2);
const subject = SUBJECTS[name];
if (subject === undefined) throw new Error(`Unknown subject "${name}"`);
const importedMs = await subject(JSON.parse(given));
const times = { importMs: importedMs - startMs, wholeMs: performance.now() - startMs };
process.stdout.write(`${JSON.stringify(times)}\n`, () => process.exit(0));
