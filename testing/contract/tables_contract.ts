/**
 * Says what the three tables promise, as tests that any implementation can be put through.
 *
 * @module
 */

import { describe } from "node:test";
import { describeCapture } from "./capture_contract.ts";
import { describeClients } from "./clients_contract.ts";
import { describeCommit } from "./commit_contract.ts";
import { describeLead, describeShardCache } from "./metadata_contract.ts";
import type { OpenTables } from "./opened.ts";

/** Registers the suite. `open` is called once for each of its parts. */
export function describeTablesContract(name: string, open: OpenTables): void {
  describe(`clients table: ${name}`, () => describeClients(open));
  describe(`checkpoints table, capture: ${name}`, () => describeCapture(open));
  describe(`checkpoints table, commit: ${name}`, () => describeCommit(open));
  describe(`metadata table, lead: ${name}`, () => describeLead(open));
  describe(`metadata table, shard cache: ${name}`, () => describeShardCache(open));
}
