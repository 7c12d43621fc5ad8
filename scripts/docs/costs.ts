/**
 * Computes what a fleet asks of DynamoDB, and what that costs: the formula of docs/operations.md. Its
 * test counts the requests of a simulated fleet, and holds the page's tables to this.
 *
 * @module
 */

/** A fleet at the default options. */
export interface FleetSize {
  readonly clients: number;
  readonly shards: number;
  /** Shards that make progress. */
  readonly busy: number;
}

/** Units a second: a write of up to 1 KiB, a strongly consistent read of up to 4 KiB. */
export interface Units {
  readonly writes: number;
  readonly reads: number;
}

/** The fleets of the tables. */
export const FLEETS: readonly Omit<FleetSize, "busy">[] = [
  { clients: 1, shards: 1 },
  { clients: 3, shards: 8 },
  { clients: 10, shards: 100 },
  { clients: 50, shards: 1_000 },
];

/** Dollars for a million units on demand, us-east-1, since November 2024; yours may differ. */
export const PRICES: Units = { writes: 0.625, reads: 0.125 };

const MONTH_S = 730 * 3_600;
const SHARD_CHECK_S = 1.5;
const COMMIT_S = 5;
const RENEWAL_S = 60;
const CLIENT_KIB = 0.3;
const LEAD_RECORD_S = 30;
/** In a larger fleet, a follower reads the leader's row alone. */
const SCANNED_FLEET = 16;

/** What a fleet of Kinsumers asks. */
export function kinsumerUnits({ clients, shards, busy }: FleetSize): Units {
  const scan = Math.ceil(clients * CLIENT_KIB / 4);
  const leaderLooks = 1 / (2.5 * SHARD_CHECK_S);
  const followersLook = (clients - 1) / (5 * SHARD_CHECK_S);
  const beats = clients / SHARD_CHECK_S + 1 / LEAD_RECORD_S;
  return {
    writes: beats + busy / COMMIT_S + (shards - busy) / RENEWAL_S,
    reads: leaderLooks * scan + followersLook * (clients > SCANNED_FLEET ? 1 : scan),
  };
}

// The KCL's own defaults, by its source: failoverTimeMillis 10,000 and an allowance of 25 ms.
const LEASE_RENEWAL_S = (10_000 / 3 - 25) / 1_000;
const LEASE_SCAN_S = 2 * (10_000 + 25) / 1_000;
const LEASE_KIB = 0.3;

/** What the KCL's leases ask: a renewal of each, a checkpoint as often as ours, a scan by each worker. */
export function kclUnits({ clients, shards, busy }: FleetSize): Units {
  const scan = Math.ceil(shards * LEASE_KIB / 4) / 2; // eventually consistent
  return {
    writes: shards / LEASE_RENEWAL_S + busy / COMMIT_S,
    reads: clients / LEASE_SCAN_S * scan,
  };
}

/** Dollars a month. */
export function monthly({ writes, reads }: Units): number {
  return (writes * PRICES.writes + reads * PRICES.reads) * MONTH_S / 1_000_000;
}

/** The rows of the page's table of what a fleet asks, and what it costs. */
export function costRows(
  member: "client" | "worker",
  units: (fleet: FleetSize) => Units,
): readonly (readonly string[])[] {
  return FLEETS.map(({ clients, shards }) => {
    const [idle, busy] = [0, shards].map((busy) => units({ clients, shards, busy }));
    const size = `${counted(clients, member)}, ${counted(shards, "shard")}`;
    return [
      size,
      idle!.writes.toFixed(1),
      busy!.writes.toFixed(1),
      busy!.reads.toFixed(1),
      `$${monthly(idle!).toFixed(2)}`,
      `$${monthly(busy!).toFixed(2)}`,
    ];
  });
}

function counted(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}
