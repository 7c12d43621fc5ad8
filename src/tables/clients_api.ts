/**
 * What the clients table is to everybody above it, wherever the rows are kept.
 *
 * @module
 */

import type { ClientRow } from "../model.ts";

/** Who beats. */
export interface BeatingClient {
  /** Who it is; the key of its row. */
  readonly clientId: string;
  /** Its name for people. */
  readonly clientName: string;
  /** After how long without a beat others may count this client as dead. */
  readonly maxAgeMs: number;
  /** New for each process: tells two processes with one client ID apart. */
  readonly incarnation: string;
  /** True once the client has begun to stop: it takes no more shards. */
  readonly isLeaving: boolean;
  /**
   * How many clients this one leads, itself included; absent or 0: it does not lead. The others then
   * need not read the leader's record.
   */
  readonly ledClientCount?: number | undefined;
}

/** What became of a beat. */
export type BeatOutcome =
  /** `row` is the row as it stands after the beat, with what the leader assigned. */
  | { readonly outcome: "beaten"; readonly row: ClientRow }
  /** The row is gone: the fleet has taken this client for dead. */
  | { readonly outcome: "expelled" }
  /** Another process has registered under this client ID. */
  | { readonly outcome: "conflict" };

/** The clients table. Implement it to keep the fleet's roster elsewhere. */
export interface ClientsTable {
  /**
   * Writes a new row, or takes over one that an earlier process of this ID left behind (whose
   * assignment stays).
   *
   * @throws {KinsumerError} `ClientIdInUse` when other processes take it over again and again
   */
  register(client: BeatingClient, signal?: AbortSignal): Promise<ClientRow>;
  /** Says that the client lives, if the row is still that of this process. */
  beat(client: BeatingClient, signal?: AbortSignal): Promise<BeatOutcome>;
  /** One row; `undefined` where there is none. */
  read(clientId: string, signal?: AbortSignal): Promise<ClientRow | undefined>;
  /** Every row, in no order. */
  list(signal?: AbortSignal): Promise<readonly ClientRow[]>;
  /**
   * Writes what the leader gives to a client. Leaves its beat alone.
   *
   * @returns false when the row is gone
   */
  assign(
    assignment: { readonly clientId: string; readonly shardIds: readonly string[] },
    signal?: AbortSignal,
  ): Promise<boolean>;
  /**
   * Removes a row if it has not beaten since it was observed.
   *
   * @returns false when the client has beaten since, or another removed it
   */
  remove(observed: ClientRow, signal?: AbortSignal): Promise<boolean>;
  /**
   * Writes down for how long a row was seen without a beat in all, if it has not beaten since it was
   * observed and nobody else has written meanwhile: so can clients that live shorter than a dead
   * one's time to live find out together that it is dead. Where it is absent they cannot.
   *
   * @returns false when the row has changed
   */
  witness?(observed: ClientRow, witnessedMs: number, signal?: AbortSignal): Promise<boolean>;
}
