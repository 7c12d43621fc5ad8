import type { KinsumerRecord } from "kinsumer";

export const totals = new Map<string, number>();

export function addOrder(record: KinsumerRecord): void {
  const { customer, total } = record.json() as { customer: string; total: number };
  totals.set(customer, (totals.get(customer) ?? 0) + total);
}
