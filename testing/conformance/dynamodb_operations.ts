/**
 * Probes reading rows, making tables, refusals, and what operators of tables ask for.
 *
 * @module
 */

import { TableLab } from "./dynamodb_lab.ts";
import {
  brief,
  differs,
  type Fields,
  HOLDS,
  holdsIf,
  listOf,
  refusedWith,
  type Topic,
  typeOf,
} from "./observation.ts";

const key = (index: number): Fields => ({ K: { S: String(index) } });
const keys = (count: number): Fields[] => Array.from({ length: count }, (_, index) => key(index));

/** Reading rows. */
export const READS: Topic = {
  title: "Reading rows",
  probes: [
    {
      behaviour: "A consistent read sees the write before it",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        for (let count = 0; count < 30; count++) {
          await lab.set("A", { N: String(count) });
          const read = JSON.stringify((await lab.get())?.["A"]);
          if (read !== JSON.stringify({ N: String(count) })) return differs(`reads ${read}`);
        }
        return HOLDS;
      },
    },
    {
      behaviour: "`GetItem` of a row that is not there answers without an `Item`",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        return holdsIf(await lab.get() === undefined, "it answers one");
      },
    },
    {
      behaviour: "`BatchGetItem` reads 100 keys, and leaves out what is not there",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        for (const index of [3, 5]) await lab.set("A", { S: "x" }, String(index));
        const { tableName } = lab;
        const input = { RequestItems: { [tableName]: { Keys: keys(100), ConsistentRead: true } } };
        const reply = await subject.ask("BatchGetItem", input);
        if (reply.status !== 200) return differs(brief(reply));
        const found = listOf((reply.body["Responses"] ?? {}) as Fields, tableName).length;
        return holdsIf(found === 2, `answers ${found} rows of 2`);
      },
    },
    {
      behaviour: "`BatchGetItem` of 101 keys is refused: `ValidationException`, 400",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const input = { RequestItems: { [lab.tableName]: { Keys: keys(101) } } };
        return refusedWith(await subject.ask("BatchGetItem", input), ["ValidationException"]);
      },
    },
    {
      behaviour: "`BatchGetItem` above 16 MB leaves `UnprocessedKeys`",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const value = { S: "x".repeat(395_000) };
        for (let index = 0; index < 45; index++) await lab.set("A", value, String(index));
        const { tableName } = lab;
        const input = { RequestItems: { [tableName]: { Keys: keys(45) } } };
        const reply = await subject.ask("BatchGetItem", input);
        if (reply.status !== 200) return differs(brief(reply));
        const left = (reply.body["UnprocessedKeys"] ?? {}) as Fields;
        return holdsIf(left[tableName] !== undefined, "answers all at once");
      },
    },
    {
      behaviour: "`Scan` ends a page at 1 MB, and goes on at `LastEvaluatedKey`",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const value = { S: "x".repeat(390_000) };
        for (let index = 0; index < 5; index++) await lab.set("A", value, String(index));
        const first = await lab.must("Scan", { ConsistentRead: true });
        const ExclusiveStartKey = first["LastEvaluatedKey"];
        if (ExclusiveStartKey === undefined) return differs("answers all at once");
        const count = listOf(first, "Items").length;
        const second = await lab.must("Scan", { ConsistentRead: true, ExclusiveStartKey });
        const isSo = count < 5 && count + listOf(second, "Items").length === 5;
        return holdsIf(isSo, `${count} rows, then ${listOf(second, "Items").length}`);
      },
    },
  ],
};

/** Making and keeping tables. */
export const TABLES: Topic = {
  title: "Tables",
  probes: [
    {
      behaviour: "A table is made on demand (`PAY_PER_REQUEST`), and is `CREATING`, then `ACTIVE`",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        return holdsIf((await lab.describe())["TableStatus"] === "ACTIVE", "it is not");
      },
    },
    {
      behaviour: "A table that exists is not made again: `ResourceInUseException`, 400",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const reply = await lab.ask("CreateTable", lab.schema);
        return refusedWith(reply, ["ResourceInUseException"]);
      },
    },
    {
      behaviour: "A deleted table is gone at last: `ResourceNotFoundException`, 400",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        await lab.must("DeleteTable", {});
        for (let looks = 0; looks < 200; looks++) {
          const reply = await lab.ask("DescribeTable", {});
          if (reply.status !== 200) return refusedWith(reply, ["ResourceNotFoundException"]);
          await subject.pause(10);
        }
        return differs("it stays");
      },
    },
    {
      behaviour: "Time to live (`UpdateTimeToLive`)",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const TimeToLiveSpecification = { Enabled: true, AttributeName: "T" };
        await lab.must("UpdateTimeToLive", { TimeToLiveSpecification });
        const answer = await lab.must("DescribeTimeToLive", {});
        const { TimeToLiveStatus: status } = answer["TimeToLiveDescription"] as Fields;
        return holdsIf(/^ENABL/.test(String(status)), `it is ${status}`);
      },
    },
    {
      behaviour: "Point-in-time recovery (`UpdateContinuousBackups`)",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
        await lab.must("UpdateContinuousBackups", { PointInTimeRecoverySpecification });
        return HOLDS;
      },
    },
    {
      behaviour: "Tags (`TagResource`, `ListTagsOfResource`)",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const ResourceArn = (await lab.describe())["TableArn"];
        const Tags = [{ Key: "a", Value: "b" }];
        const tagged = await subject.ask("TagResource", { ResourceArn, Tags });
        if (typeOf(tagged) === "UnknownOperationException") return { verdict: "absent" };
        const listed = await subject.ask("ListTagsOfResource", { ResourceArn });
        return holdsIf(listOf(listed.body, "Tags").length === 1, "they are lost");
      },
    },
    {
      behaviour: "Deletion protection refuses `DeleteTable`: `ValidationException`, 400",
      observe: async (subject) => {
        const lab = await TableLab.open(subject, { DeletionProtectionEnabled: true });
        return refusedWith(await lab.ask("DeleteTable", {}), ["ValidationException"]);
      },
    },
  ],
};

/** How it refuses, and what is around the JSON. */
export const WIRE: Topic = {
  title: "Refusals, and on the wire",
  probes: [
    {
      behaviour: "A table that does not exist: `ResourceNotFoundException`, 400",
      observe: async (subject) => {
        const input = { TableName: "no-such-table", Key: key(0) };
        return refusedWith(await subject.ask("GetItem", input), ["ResourceNotFoundException"]);
      },
    },
    {
      behaviour: "A failure's `__type` has a namespace: `com.amazonaws.dynamodb.v20120810#…`",
      observe: async (subject) => {
        if (subject.isSimulated) return { verdict: "no port" };
        const { type } = await subject.ask("GetItem", { TableName: "no-such-table", Key: key(0) });
        const isSo = type?.startsWith("com.amazonaws.dynamodb.v20120810#") ?? false;
        return holdsIf(isSo, "it has not");
      },
    },
    {
      behaviour: "Each answer has an `x-amzn-RequestId`, a `Date` and an `x-amz-crc32`",
      observe: async (subject) => {
        const reply = await subject.ask("ListTables", {});
        const missing = ["x-amzn-requestid", "date", "x-amz-crc32"]
          .filter((name) => !reply.header(name));
        return holdsIf(missing.length === 0, `no ${missing.join(", ")}`);
      },
    },
    {
      behaviour: "A request with a wrong signature is refused: 400 or 403",
      observe: async (subject) => {
        const authorization = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/" +
          "aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
        const reply = await subject.ask("ListTables", {}, { headers: { authorization } });
        return holdsIf([400, 403].includes(reply.status), "takes any");
      },
    },
  ],
};
