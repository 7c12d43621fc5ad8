/**
 * Probes the end of a shard, and its children.
 *
 * @module
 */

import { isSame, Lab, rangeOf, shown } from "./kinesis_lab.ts";
import { differs, HOLDS, holdsIf, listOf, textOf, type Topic } from "./observation.ts";

/** The end of a shard, and its children. */
export const RESHARDS: Topic = {
  title: "Splits and merges",
  probes: [
    {
      behaviour: "At the end of a closed shard `NextShardIterator` is null or absent",
      documented: "null",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        await lab.put("1");
        const { last, texts } = await lab.readAll(await lab.split());
        if (!isSame(texts, ["1"])) return differs(`reads ${shown(texts)}`);
        if (last.next !== undefined) return differs("there is one");
        const how = "NextShardIterator" in last.body ? "null" : "absent";
        return { ...HOLDS, how };
      },
    },
    {
      behaviour: "The last answer of a closed shard names its `ChildShards`",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const { last } = await lab.readAll(await lab.split());
        return holdsIf(listOf(last.body, "ChildShards").length > 0, "it does not");
      },
    },
    {
      behaviour: "An open shard has no `EndingSequenceNumber`",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [shard] = await lab.shards();
        return holdsIf(rangeOf(shard, "EndingSequenceNumber") === undefined, "it has one");
      },
    },
    {
      behaviour:
        "A closed shard has an `EndingSequenceNumber`, after its last record and before those of its children",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [put] = await lab.put("1");
        const parentId = await lab.split();
        const [later] = await lab.put("2");
        const parent = (await lab.shards()).find((shard) => shard["ShardId"] === parentId);
        const end = rangeOf(parent, "EndingSequenceNumber");
        if (end === undefined) return differs("it has none");
        const isAfter = BigInt(end) >= BigInt(put?.sequenceNumber ?? 0);
        const isBefore = BigInt(end) < BigInt(later?.sequenceNumber ?? 0);
        if (isAfter && isBefore) return HOLDS;
        return differs(BigInt(end) === 2n ** 63n - 1n ? `it is always ${end}` : "it is another");
      },
    },
    {
      behaviour:
        "Both children of a split name it as `ParentShardId`, and no `AdjacentParentShardId`",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const parentId = await lab.split();
        const children = (await lab.shards()).filter((shard) => shard["ShardId"] !== parentId);
        const isSo = children.length === 2 &&
          children.every((child) =>
            child["ParentShardId"] === parentId &&
            textOf(child, "AdjacentParentShardId") === undefined
          );
        return holdsIf(isSo, "they do not");
      },
    },
    {
      behaviour: "The child of a merge names both parents",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 2);
        const parents = await lab.merge();
        const child = (await lab.shards())
          .find((shard) => !parents.some((id) => id === shard["ShardId"]));
        const named = [child?.["ParentShardId"], child?.["AdjacentParentShardId"]].map(String);
        return holdsIf(isSame(named.sort(), parents), `names ${shown(named)}`);
      },
    },
    {
      behaviour: "After a split a key's records go to a child, with higher sequence numbers",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const [before] = await lab.put("1");
        const parentId = await lab.split();
        const [after] = await lab.put("2");
        if (after?.shardId === parentId) return differs("they go to the parent");
        const isLater = BigInt(after?.sequenceNumber ?? 0) > BigInt(before?.sequenceNumber ?? 0);
        return holdsIf(isLater, "with lower ones");
      },
    },
  ],
};
