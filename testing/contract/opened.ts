/**
 * Opens what a contract suite is put to, around the tests of one describe().
 *
 * @module
 */

import { after, before } from "node:test";
import type { CheckpointsTable } from "../../src/tables/checkpoints_api.ts";
import type { ClientsTable } from "../../src/tables/clients_api.ts";
import type { MetadataTable } from "../../src/tables/metadata.ts";

/** The tables to try, empty. */
export interface TablesUnderTest {
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
  close(): Promise<void>;
}

/** Opens new tables. */
export type OpenTables = () => Promise<TablesUnderTest>;

/**
 * Opens something before the tests of the describe() that calls it, and closes it after them.
 *
 * @returns how the tests get at it
 */
export function openedFor<Subject extends { close(): Promise<void> }>(
  open: () => Promise<Subject>,
): () => Subject {
  let subject: Subject | undefined;
  before(async () => {
    subject = await open();
  });
  after(async () => {
    await subject?.close();
  });
  return () => {
    if (subject === undefined) throw new Error("Nothing was opened");
    return subject;
  };
}
