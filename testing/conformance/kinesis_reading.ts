/**
 * Probes reading: where an iterator begins, and what an answer holds.
 *
 * @module
 */

import { isSame, Lab, shown } from "./kinesis_lab.ts";
import { differs, holdsIf, listOf, refusedWith, type Topic } from "./observation.ts";

/** Where a reader begins. */
export const POSITIONS: Topic = {
  title: "Where a reader begins",
  probes: [
    {
      behaviour: "`TRIM_HORIZON` begins with the oldest record",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1", "2");
        const { texts } = await lab.readAll(put?.shardId ?? "");
        return holdsIf(isSame(texts, ["1", "2"]), `reads ${shown(texts)}`);
      },
    },
    {
      behaviour: "`AFTER_SEQUENCE_NUMBER` begins with the record after it",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1", "2", "3");
        const position = { StartingSequenceNumber: put?.sequenceNumber };
        const at = await lab.iterator(put?.shardId ?? "", "AFTER_SEQUENCE_NUMBER", position);
        const { texts } = await lab.read(at);
        return holdsIf(isSame(texts, ["2", "3"]), `reads ${shown(texts)}`);
      },
    },
    {
      behaviour: "`AFTER_SEQUENCE_NUMBER` of the last record reads what is put later",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1");
        const position = { StartingSequenceNumber: put?.sequenceNumber };
        const at = await lab.iterator(put?.shardId ?? "", "AFTER_SEQUENCE_NUMBER", position);
        await lab.put("2");
        const { texts } = await lab.read(at);
        return holdsIf(isSame(texts, ["2"]), `reads ${shown(texts)}`);
      },
    },
    {
      behaviour:
        "`LATEST` begins with what is put after the iterator was given, however late it is read",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("before");
        const at = await lab.iterator(put?.shardId ?? "", "LATEST");
        await lab.put("after");
        const { texts } = await lab.read(at);
        return holdsIf(isSame(texts, ["after"]), `reads ${shown(texts)}`);
      },
    },
    {
      behaviour: "`AT_TIMESTAMP` of long ago begins with the oldest record",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1");
        const at = await lab.iterator(put?.shardId ?? "", "AT_TIMESTAMP", { Timestamp: 1 });
        const { texts } = await lab.read(at);
        return holdsIf(isSame(texts, ["1"]), `reads ${shown(texts)}`);
      },
    },
    {
      behaviour: "`AT_TIMESTAMP` begins with the first record of that moment or later",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1");
        await subject.pause(1_100);
        await lab.put("2");
        const all = await lab.read(await lab.iterator(put?.shardId ?? "", "TRIM_HORIZON"));
        const [first, second] = listOf(all.body, "Records")
          .map((record) => Number(record["ApproximateArrivalTimestamp"]));
        const Timestamp = ((first ?? 0) + (second ?? 0)) / 2;
        const at = await lab.iterator(put?.shardId ?? "", "AT_TIMESTAMP", { Timestamp });
        const { texts } = await lab.read(at);
        return holdsIf(isSame(texts, ["2"]), `reads ${shown(texts)}`);
      },
    },
    {
      behaviour: "`AT_TIMESTAMP` with no later record gives an iterator all the same",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1");
        const all = await lab.read(await lab.iterator(put?.shardId ?? "", "TRIM_HORIZON"));
        const arrival = Number(listOf(all.body, "Records")[0]?.["ApproximateArrivalTimestamp"]);
        await subject.pause(1_100);
        const position = { Timestamp: arrival + 1 };
        const at = await lab.iterator(put?.shardId ?? "", "AT_TIMESTAMP", position);
        await lab.put("2");
        const { texts } = await lab.read(at);
        return holdsIf(isSame(texts, ["2"]), `reads ${shown(texts)}`);
      },
    },
  ],
};

/** What a read answers. */
export const READS: Topic = {
  title: "What a read answers",
  probes: [
    {
      behaviour: "The sequence numbers of a shard grow",
      documented: "decimal numbers, compared as numbers",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const puts = await lab.put("1", "2", "3");
        const { sequenceNumbers } = await lab.read(
          await lab.iterator(puts[0]?.shardId ?? "", "TRIM_HORIZON"),
        );
        const given = puts.map(({ sequenceNumber }) => sequenceNumber);
        if (!isSame(sequenceNumbers, given)) return differs("reads others than it gave");
        const grow = given.every((each, index) =>
          index === 0 || BigInt(each) > BigInt(given[index - 1] ?? 0)
        );
        return holdsIf(grow, "they do not");
      },
    },
    {
      behaviour: "An answer has at most `Limit` records, and goes on after them",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1", "2", "3");
        const first = await lab.read(await lab.iterator(put?.shardId ?? "", "TRIM_HORIZON"), 2);
        const second = await lab.read(first.next ?? "", 2);
        const texts = [...first.texts, "|", ...second.texts];
        return holdsIf(isSame(texts, ["1", "2", "|", "3"]), `reads ${shown(texts)}`);
      },
    },
    {
      behaviour: "A read with nothing to read is empty, and says where to read on",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const { next, texts } = await lab.read(
          await lab.iterator("shardId-000000000000", "TRIM_HORIZON"),
        );
        if (texts.length > 0) return differs(`reads ${shown(texts)}`);
        return holdsIf(next !== undefined, "no iterator to read on with");
      },
    },
    {
      behaviour: "A record has an `ApproximateArrivalTimestamp`, in seconds",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1");
        const { body } = await lab.read(await lab.iterator(put?.shardId ?? "", "TRIM_HORIZON"));
        const arrival = listOf(body, "Records")[0]?.["ApproximateArrivalTimestamp"];
        return holdsIf(
          typeof arrival === "number" && arrival > 1e9 && arrival < 1e10,
          "it has not",
        );
      },
    },
    {
      behaviour: "`MillisBehindLatest` is 0 at the tip of an open shard",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1");
        const { last } = await lab.readAll(put?.shardId ?? "");
        const lagMs = last.body["MillisBehindLatest"];
        return holdsIf(lagMs === 0, `it is ${typeof lagMs === "number" ? "more" : "missing"}`);
      },
    },
    {
      behaviour: "`MillisBehindLatest` is above 0 while records are left",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1", "2", "3");
        await subject.pause(50);
        const { body } = await lab.read(await lab.iterator(put?.shardId ?? "", "TRIM_HORIZON"), 1);
        return holdsIf(Number(body["MillisBehindLatest"]) > 0, "it is 0");
      },
    },
    {
      behaviour:
        "An iterator expires five minutes after it was given: `ExpiredIteratorException`, 400",
      observe: async (subject) => {
        if (!subject.isSimulated) {
          return { verdict: "not probed", why: "it would take five minutes" };
        }
        const lab = await Lab.open(subject);
        const at = await lab.iterator("shardId-000000000000", "TRIM_HORIZON");
        await subject.pause(290_000);
        await lab.read(at);
        await subject.pause(20_000);
        const reply = await subject.ask("GetRecords", { ShardIterator: at });
        return refusedWith(reply, ["ExpiredIteratorException"]);
      },
    },
    {
      behaviour: "An answer has at most 10 MiB",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const text = "x".repeat(1_000_000);
        for (let count = 0; count < 12; count++) await lab.put(text);
        const { texts } = await lab.read(
          await lab.iterator("shardId-000000000000", "TRIM_HORIZON"),
        );
        return holdsIf(texts.length <= 10, "no limit");
      },
    },
    {
      behaviour: "The sixth read of a shard within a second is throttled: " +
        "`ProvisionedThroughputExceededException`, 400",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const ShardIterator = await lab.iterator("shardId-000000000000", "TRIM_HORIZON");
        const replies = await Promise.all(
          Array.from({ length: 12 }, () => subject.ask("GetRecords", { ShardIterator })),
        );
        const refused = replies.find(({ status }) => status !== 200);
        if (refused === undefined) return differs("never throttles");
        return refusedWith(refused, ["ProvisionedThroughputExceededException"]);
      },
    },
  ],
};
