import { type KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";

export interface Order {
  readonly customer: string;
  readonly total: number;
}

/** Puts up to 500 orders, those of one customer in order; those again that the service refuses. */
export async function putOrders(
  kinesis: KinesisClient,
  streamName: string,
  orders: readonly Order[],
): Promise<void> {
  let entries = orders.map((order) => ({
    PartitionKey: order.customer,
    Data: new TextEncoder().encode(JSON.stringify(order)),
  }));
  for (let attempt = 0; entries.length > 0; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    if (attempt > 8) throw new Error(`${entries.length} orders were refused again and again`);
    const command = new PutRecordsCommand({ StreamName: streamName, Records: entries });
    const { Records = [] } = await kinesis.send(command);
    entries = entries.filter((_, index) => Records[index]?.ErrorCode !== undefined);
  }
}
