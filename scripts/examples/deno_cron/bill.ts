import { runOnce, type RunOnceResult } from "@kinsumer/kinsumer";

/** Bills what arrived since the last run; several at once share the shards. */
export async function billOrders(): Promise<RunOnceResult> {
  const options = {
    streamName: Deno.env.get("STREAM_NAME") ?? "orders",
    applicationName: "billing",
  };
  return await runOnce(options, (record) => {
    const order = record.json() as { customer: string; total: number };
    console.log(`billed ${order.customer} ${order.total}`);
  }, { budgetMs: 50_000 });
}
