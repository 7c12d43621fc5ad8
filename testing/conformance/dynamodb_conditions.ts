/**
 * Probes what every promise stands on: conditional writes.
 *
 * @module
 */

import { TableLab } from "./dynamodb_lab.ts";
import {
  differs,
  type Fields,
  HOLDS,
  holdsIf,
  type Observation,
  refusedWith,
  type Subject,
  type Topic,
} from "./observation.ts";

const FAILED = ["ConditionalCheckFailedException"];
/** As Go wrote it; beyond 2^53. */
const EARLY = "1795412452783491765";
/** Another number, and the same one once rounded to a double. */
const LATER = "1795412452783491766";
const RACERS = 50;

/** Whether a condition holds for a row with this attribute `A`; absent: without. */
async function holdsFor(
  subject: Subject,
  facts: { readonly row?: Fields; readonly condition: string; readonly value?: Fields },
): Promise<boolean> {
  const { condition, row, value } = facts;
  const lab = await TableLab.open(subject);
  await lab.set("Other", { S: "x" });
  if (row !== undefined) await lab.set("A", row);
  const reply = await lab.update({
    update: "SET #b = :b",
    condition,
    names: { "#a": "A", "#b": "B" },
    values: { ":b": { S: "y" }, ...(value && { ":v": value }) },
  });
  return reply.status === 200;
}

async function all(
  cases: readonly (readonly [what: string, isSo: Promise<boolean>])[],
): Promise<Observation> {
  for (const [what, isSo] of cases) if (!await isSo) return differs(what);
  return HOLDS;
}

/** Conditional writes. */
export const CONDITIONS: Topic = {
  title: "Conditional writes",
  probes: [
    {
      behaviour:
        "A write whose condition fails changes nothing: `ConditionalCheckFailedException`, 400",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const write = {
          update: "SET #a = :a",
          condition: "attribute_not_exists(#a)",
          names: { "#a": "A" },
        };
        await lab.update({ ...write, values: { ":a": { S: "first" } } });
        const second = await lab.update({ ...write, values: { ":a": { S: "second" } } });
        const row = JSON.stringify((await lab.get())?.["A"]);
        if (row !== '{"S":"first"}') return differs(`the row has ${row}`);
        return refusedWith(second, FAILED);
      },
    },
    {
      behaviour: `Of ${RACERS} racing conditional writes one succeeds`,
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const race = Array.from({ length: RACERS }, (_, index) =>
          lab.update({
            update: "SET #a = :a",
            condition: "attribute_not_exists(#a)",
            names: { "#a": "A" },
            values: { ":a": { N: String(index) } },
          }));
        const won = (await Promise.all(race)).filter(({ status }) => status === 200).length;
        return holdsIf(won === 1, `${won} succeed`);
      },
    },
    {
      behaviour: "Numbers of 19 digits are kept exactly, and compared exactly",
      observe: (subject) =>
        all([
          ["they are not kept", keepsNumber(subject)],
          ["not equal to itself", holdsFor(subject, number("#a = :v", EARLY))],
          ["equal to the next", holdsFor(subject, number("#a <> :v", LATER))],
          ["not less than the next", holdsFor(subject, number("#a < :v", LATER))],
        ]),
    },
    {
      behaviour:
        "An attribute that is NULL exists, and is of type `NULL`; one that is absent does not",
      observe: (subject) => {
        const row = { NULL: true };
        const condition = "attribute_exists(#a)";
        return all([
          ["NULL does not exist", holdsFor(subject, { row, condition })],
          [
            "NULL is of another type",
            holdsFor(subject, { row, condition: "attribute_type(#a, :v)", value: { S: "NULL" } }),
          ],
          [
            "absent exists",
            holdsFor(subject, { condition: "attribute_not_exists(#a)" }),
          ],
        ]);
      },
    },
    {
      behaviour: "A number is neither less nor more than a string, and neither than what is absent",
      observe: (subject) => {
        const value = { N: "5" };
        return all([
          [
            "a string is less",
            isNot(holdsFor(subject, { row: { S: "1" }, condition: "#a <= :v", value })),
          ],
          [
            "a string is more",
            isNot(holdsFor(subject, { row: { S: "9" }, condition: "#a >= :v", value })),
          ],
          ["absent is less", isNot(holdsFor(subject, { condition: "#a <= :v", value }))],
        ]);
      },
    },
    {
      behaviour: "An attribute may be an empty string",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        await lab.set("A", { S: "" });
        return holdsIf(JSON.stringify((await lab.get())?.["A"]) === '{"S":""}', "it is lost");
      },
    },
    {
      behaviour: "The condition by which a Go client captures a shard, in a `PutItem`",
      observe: async (subject) => {
        const lab = await TableLab.open(subject);
        const reply = await lab.ask("PutItem", {
          Item: { K: { S: "row" }, OwnerID: { NULL: true }, LastUpdate: { N: EARLY } },
        });
        if (reply.status !== 200) return differs("refuses the row");
        const put = (owner: string, cutoff: string) =>
          lab.ask("PutItem", {
            Item: { K: { S: "row" }, OwnerID: { S: owner }, LastUpdate: { N: LATER } },
            ConditionExpression: "attribute_not_exists(OwnerID) OR " +
              "attribute_type(OwnerID, :nullType) OR LastUpdate <= :cutoff",
            ExpressionAttributeValues: { ":nullType": { S: "NULL" }, ":cutoff": { N: cutoff } },
          });
        if ((await put("go", "0")).status !== 200) return differs("a NULL owner holds the shard");
        const second = refusedWith(await put("other", EARLY), FAILED);
        if (second.verdict !== "holds") return second;
        return holdsIf((await put("other", LATER)).status === 200, "an old row holds the shard");
      },
    },
  ],
};

const isNot = async (condition: Promise<boolean>): Promise<boolean> => !await condition;

function number(condition: string, value: string) {
  return { row: { N: EARLY }, condition, value: { N: value } };
}

async function keepsNumber(subject: Subject): Promise<boolean> {
  const lab = await TableLab.open(subject);
  await lab.set("A", { N: LATER });
  return JSON.stringify((await lab.get())?.["A"]) === JSON.stringify({ N: LATER });
}
