/**
 * Probes what says which shards there are.
 *
 * @module
 */

import { BAD_ARGUMENT, idsOf, Lab, must } from "./kinesis_lab.ts";
import {
  brief,
  differs,
  type Fields,
  holdsIf,
  listOf,
  refusedWith,
  type Subject,
  textOf,
  type Topic,
} from "./observation.ts";

const SHARD_ID = "shardId-000000000000";

/** Two of three shards, and what leads to the third. */
async function firstPage(
  subject: Subject,
): Promise<{ readonly lab: Lab; readonly NextToken: string }> {
  const lab = await Lab.open(subject, 3);
  const page = await lab.must("ListShards", { MaxResults: 2 });
  return { lab, NextToken: textOf(page, "NextToken") ?? "token" };
}

/** Which shards there are. */
export const LISTS: Topic = {
  title: "Listing shards",
  probes: [
    {
      behaviour: "`MaxResults` limits a page, and `NextToken` says that there is more",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 3);
        const page = await lab.must("ListShards", { MaxResults: 2 });
        const { length } = listOf(page, "Shards");
        if (length !== 2) return differs(`lists ${length} of 3`);
        return holdsIf(textOf(page, "NextToken") !== undefined, "no `NextToken`");
      },
    },
    {
      behaviour: "`NextToken` continues the list",
      isDangerous: true,
      observe: async (subject) => {
        const { NextToken } = await firstPage(subject);
        const rest = listOf(await must(subject, "ListShards", { NextToken }), "Shards");
        return holdsIf(idsOf(rest) === "2", `lists ${idsOf(rest)}`);
      },
    },
    {
      behaviour: "`NextToken` beside a `StreamName` is refused: `InvalidArgumentException`, 400",
      isDangerous: true,
      observe: async (subject) => {
        const { lab, NextToken } = await firstPage(subject);
        return refusedWith(await lab.ask("ListShards", { NextToken }), BAD_ARGUMENT);
      },
    },
    {
      behaviour: "`ExclusiveStartShardId` begins after that shard",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 3);
        const listed = idsOf(await lab.shards({ ExclusiveStartShardId: SHARD_ID }));
        return holdsIf(listed === "1 2", `lists ${listed}`);
      },
    },
    {
      behaviour: "`ShardFilter` of type `AT_LATEST` lists open shards only",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        await lab.split();
        const listed = idsOf(await lab.shards({ ShardFilter: { Type: "AT_LATEST" } }));
        return holdsIf(listed === "1 2", `lists ${listed}`);
      },
    },
    {
      behaviour: "A list without limits has every shard, open and closed",
      documented: "up to 1,000 a page",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        await lab.split();
        const listed = idsOf(await lab.shards());
        return holdsIf(listed === "0 1 2", `lists ${listed}`);
      },
    },
    {
      behaviour: "`DescribeStreamSummary` says the stream's status, ARN and count of open shards",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 2);
        const answer = await lab.must("DescribeStreamSummary", {});
        const summary = (answer["StreamDescriptionSummary"] ?? {}) as Fields;
        const missing = ["StreamStatus", "StreamARN", "OpenShardCount"].filter((name) =>
          summary[name] === undefined
        );
        return holdsIf(missing.length === 0, `no ${missing.join(", ")}`);
      },
    },
    {
      behaviour: "A stream can be named by its `StreamARN`",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 2);
        const summary = (await lab.must("DescribeStreamSummary", {}))["StreamDescriptionSummary"];
        const StreamARN = textOf((summary ?? {}) as Fields, "StreamARN");
        const reply = await subject.ask("ListShards", { StreamARN });
        if (reply.status !== 200) return differs(brief(reply));
        return holdsIf(listOf(reply.body, "Shards").length === 2, "lists other shards");
      },
    },
  ],
};
