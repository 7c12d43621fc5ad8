/**
 * Makes and deletes what a consumer needs in DynamoDB.
 *
 * @module
 */

import type { Ports } from "./connect.ts";
import type { Announcer } from "./loops/announcer.ts";
import { hasOwnTables, tableOptions } from "./readiness.ts";
import type { ResolvedOptions } from "./resolve_options.ts";
import { createOneMore, createTables, deleteTables } from "./tables/schema.ts";

/** Makes the tables that are missing, and waits until they can be used. */
export async function makeTables(
  ports: Ports,
  options: ResolvedOptions,
  announcer: Announcer,
): Promise<void> {
  const { coordination, deletionProtection, pointInTimeRecovery, tableTags } = options;
  const provisioned = options.tableCapacity;
  const common = { ...tableOptions(ports, options), provisioned, tags: tableTags };
  if (coordination !== undefined) {
    await createOneMore({ ...common, tableName: coordination.tableName });
  }
  if (hasOwnTables(options)) return;
  await createTables({
    ...common,
    isDeletionProtected: deletionProtection,
    isRecoverable: pointInTimeRecovery,
    onMissing: (missing) => announcer.announce({ type: "table-unprotected", ...missing }),
  });
}

/** Deletes the tables, and waits until they are gone. The table that applications share stays. */
export async function removeTables(ports: Ports, options: ResolvedOptions): Promise<void> {
  if (!hasOwnTables(options)) await deleteTables(tableOptions(ports, options));
}
