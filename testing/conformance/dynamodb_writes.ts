/**
 * Probes what writes answer, and what they refuse.
 *
 * @module
 */

import { TableLab } from "./dynamodb_lab.ts";
import { differs, type Fields, holdsIf, refusedWith, type Topic, typeOf } from "./observation.ts";

const FAILED = ["ConditionalCheckFailedException"];

/** What writes answer. */
export const WRITES: Topic = {
  title: "What writes answer",
  probes: [
    {
      behaviour: "`ReturnValues: ALL_NEW` answers the whole row after the update",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        await lab.set("Other", { S: "x" });
        const names = { "#a": "A" };
        const reply = await lab.update({
          update: "SET #a = :a",
          names,
          values: { ":a": { N: "1" } },
        });
        const row = (reply.body["Attributes"] ?? {}) as Fields;
        const has = Object.keys(row).sort().join(" ");
        return holdsIf(has === "A K Other", `answers ${has || "nothing"}`);
      },
    },
    {
      behaviour: "`ReturnValuesOnConditionCheckFailure: ALL_OLD` answers the row as it stands",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        await lab.set("A", { S: "x" });
        const reply = await lab.update({
          update: "SET #a = :a",
          condition: "attribute_not_exists(#a)",
          names: { "#a": "A" },
          values: { ":a": { S: "y" } },
          more: { ReturnValuesOnConditionCheckFailure: "ALL_OLD" },
        });
        return holdsIf(reply.body["Item"] !== undefined, "ignores it");
      },
    },
    {
      behaviour:
        "An update of a row that is not there makes it; one that removes what is absent succeeds",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const names = { "#a": "A", "#b": "B" };
        const values = { ":a": { S: "x" } };
        const reply = await lab.update({ update: "SET #a = :a REMOVE #b", names, values });
        if (reply.status !== 200) return differs("refuses it");
        return holdsIf(await lab.get() !== undefined, "makes no row");
      },
    },
    {
      behaviour: "A conditional `DeleteItem` deletes only what its condition holds for",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        await lab.set("A", { S: "x" });
        const remove = (value: string) =>
          lab.ask("DeleteItem", {
            Key: { K: { S: "row" } },
            ConditionExpression: "#a = :v",
            ExpressionAttributeNames: { "#a": "A" },
            ExpressionAttributeValues: { ":v": { S: value } },
          });
        const refused = refusedWith(await remove("y"), FAILED);
        if (refused.verdict !== "holds") return refused;
        await remove("x");
        return holdsIf(await lab.get() === undefined, "it is still there");
      },
    },
    {
      behaviour: "A placeholder that no expression uses is refused: `ValidationException`, 400",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const names = { "#a": "A", "#unused": "B" };
        const reply = await lab.update({
          update: "SET #a = :a",
          names,
          values: { ":a": { S: "x" } },
        });
        return refusedWith(reply, ["ValidationException"]);
      },
    },
    {
      behaviour: "A row above 400 KB is refused: `ValidationException`, 400",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const values = { ":a": { S: "x".repeat(420_000) } };
        const reply = await lab.update({ update: "SET #a = :a", names: { "#a": "A" }, values });
        return refusedWith(reply, ["ValidationException"]);
      },
    },
    {
      behaviour: "`TransactWriteItems` writes all or nothing",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const put = (key: string, condition?: string) => ({
          Put: {
            TableName: lab.tableName,
            Item: { K: { S: key } },
            ConditionExpression: condition,
          },
        });
        const reply = await subject.ask("TransactWriteItems", {
          TransactItems: [put("one"), put("two", "attribute_exists(K)")],
        });
        if (typeOf(reply) === "UnknownOperationException") return { verdict: "absent" };
        const refused = refusedWith(reply, ["TransactionCanceledException"]);
        if (refused.verdict !== "holds") return refused;
        return holdsIf(await lab.get("one") === undefined, "writes a part");
      },
    },
  ],
};
