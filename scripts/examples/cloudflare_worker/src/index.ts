import { runOnce } from "kinsumer/edge";

export interface Env {
  readonly AWS_REGION: string;
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
  readonly STREAM_NAME: string;
  readonly BILLING_URL: string;
  /** For local servers. Unset: AWS. */
  readonly AWS_ENDPOINT_URL_KINESIS?: string;
  readonly AWS_ENDPOINT_URL_DYNAMODB?: string;
}

/** Of the 1,000 requests that an invocation may make, so many are the handler's, the rest the run's. */
const MAX_ORDERS = 500;

export default {
  async scheduled(_controller, env, _context) {
    const enough = new AbortController();
    let count = 0;
    const { reason, records, isCaughtUp } = await runOnce({
      streamName: env.STREAM_NAME,
      applicationName: "billing",
      region: env.AWS_REGION,
      credentials: {
        accessKeyId: env.AWS_ACCESS_KEY_ID,
        secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
      },
      kinesisEndpoint: env.AWS_ENDPOINT_URL_KINESIS,
      dynamodbEndpoint: env.AWS_ENDPOINT_URL_DYNAMODB,
    }, async (record, { signal }) => {
      const headers = { "idempotency-key": record.id };
      const body = record.text();
      const answer = await fetch(env.BILLING_URL, { method: "POST", headers, body, signal });
      if (!answer.ok) throw new Error(`billing answers ${answer.status}`);
      if (++count === MAX_ORDERS) enough.abort(); // the next run goes on here
    }, { budgetMs: 50_000, maxRequests: 450, signal: enough.signal });
    console.log(JSON.stringify({ reason, records, isCaughtUp }));
  },
} satisfies ExportedHandler<Env>;
