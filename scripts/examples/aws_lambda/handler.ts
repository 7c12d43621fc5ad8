import process from "node:process";
import type { Context, ScheduledEvent } from "aws-lambda";
import { runOnce, type RunOnceResult } from "kinsumer";

/** What is left of the function's time for the answer, after the run has left the fleet. */
const RESERVE_MS = 1_000;

/** Bills what arrived since the last call, by a schedule of EventBridge. */
export async function handler(_event: ScheduledEvent, context: Context): Promise<RunOnceResult> {
  const options = {
    streamName: process.env.STREAM_NAME ?? "orders",
    applicationName: "billing",
  };
  return await runOnce(options, async (record, { signal }) => {
    const headers = { "idempotency-key": record.id };
    const body = record.text();
    const url = process.env.BILLING_URL ?? "https://billing.example.com/orders";
    const answer = await fetch(url, { method: "POST", headers, body, signal });
    if (!answer.ok) throw new Error(`billing answers ${answer.status}`);
  }, { budgetMs: context.getRemainingTimeInMillis() - RESERVE_MS });
}
