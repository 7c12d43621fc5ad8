/**
 * Probes putting records, and the operations that few servers have.
 *
 * @module
 */

import { BAD_ARGUMENT, idsOf, Lab } from "./kinesis_lab.ts";
import {
  differs,
  type Fields,
  holdsIf,
  listOf,
  type Observation,
  refusedWith,
  type Subject,
  textOf,
  type Topic,
  Unexpected,
} from "./observation.ts";

const SHARD_ID = "shardId-000000000000";

/** A put of several records at once. */
async function putRecords(lab: Lab, records: readonly Fields[]): Promise<Fields> {
  return await lab.must("PutRecords", { Records: records });
}

/** What producers and operators do. */
export const WRITES: Topic = {
  title: "Putting and resharding",
  probes: [
    {
      behaviour:
        "`PutRecords` answers for each record, in order, with its shard and sequence number",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 2);
        const records = ["a", "b", "c"].map((key) => ({ PartitionKey: key, Data: btoa(key) }));
        const answer = await putRecords(lab, records);
        const entries = listOf(answer, "Records");
        const isFull = entries.length === 3 &&
          entries.every((entry) => textOf(entry, "ShardId") && textOf(entry, "SequenceNumber"));
        return holdsIf(isFull && answer["FailedRecordCount"] === 0, "it does not");
      },
    },
    {
      behaviour: "`ExplicitHashKey` chooses the shard",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 2);
        const keys = ["0", String(2n ** 128n - 1n)];
        const answer = await putRecords(
          lab,
          keys.map((key) => ({ PartitionKey: "key", ExplicitHashKey: key, Data: btoa("x") })),
        );
        const shards = idsOf(listOf(answer, "Records"));
        return holdsIf(shards === "0 1", `puts to ${shards}`);
      },
    },
    {
      behaviour:
        "What exceeds a shard's 1 MiB a second fails alone: `FailedRecordCount`, an `ErrorCode` each",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const record = { PartitionKey: "key", Data: btoa("x".repeat(900_000)) };
        const answer = await putRecords(lab, [record, record, record, record]);
        if (answer["FailedRecordCount"] === 0) return differs("never throttles");
        const failed = listOf(answer, "Records").find((entry) => textOf(entry, "ErrorCode"));
        const isSo = failed?.["ErrorCode"] === "ProvisionedThroughputExceededException";
        return holdsIf(isSo, "another `ErrorCode`");
      },
    },
    {
      behaviour: "A record above 1 MiB is refused where the stream does not allow more",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const Data = btoa("x".repeat(1_100_000));
        return refusedWith(await lab.ask("PutRecord", { PartitionKey: "key", Data }), BAD_ARGUMENT);
      },
    },
    {
      behaviour: "`UpdateShardCount` doubles the shards",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 1);
        const input = { TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" };
        await lab.must("UpdateShardCount", input);
        await lab.untilActive();
        const open = (await lab.shards()).length;
        return holdsIf(open === 3, `lists ${open} shards`);
      },
    },
    {
      behaviour: "`RegisterStreamConsumer` and `SubscribeToShard` answer an event stream",
      observe: observeFanOut,
    },
  ],
};

async function observeFanOut(subject: Subject): Promise<Observation> {
  const lab = await Lab.open(subject);
  const described = (await lab.must("DescribeStreamSummary", {}))["StreamDescriptionSummary"];
  const StreamARN = textOf((described ?? {}) as Fields, "StreamARN");
  const registered = await subject.ask("RegisterStreamConsumer", { StreamARN, ConsumerName: "c" });
  if (registered.status !== 200) throw new Unexpected("RegisterStreamConsumer", registered);
  const consumer = registered.body["Consumer"] as Fields;
  await subject.pause(100);
  const input = {
    ConsumerARN: consumer["ConsumerARN"],
    ShardId: SHARD_ID,
    StartingPosition: { Type: "TRIM_HORIZON" },
  };
  const reply = await subject.ask("SubscribeToShard", input, { isBodyless: true });
  if (reply.status !== 200) throw new Unexpected("SubscribeToShard", reply);
  const type = reply.header("content-type") ?? "";
  return holdsIf(type.startsWith("application/vnd.amazon.eventstream"), `answers ${type}`);
}
