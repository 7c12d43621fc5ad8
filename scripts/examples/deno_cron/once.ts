import { billOrders } from "./bill.ts";

const { reason, records, isCaughtUp } = await billOrders();
console.log(`${reason} after ${records} orders`);
if (!isCaughtUp) Deno.exitCode = 75; // "try again": whoever starts this may do it at once
