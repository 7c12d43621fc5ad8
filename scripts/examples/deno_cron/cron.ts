import { billOrders } from "./bill.ts";

Deno.cron("bill orders", "* * * * *", async () => {
  const { reason, records } = await billOrders();
  console.log(`${reason} after ${records} orders`);
});
