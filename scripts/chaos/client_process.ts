/**
 * One client of the chaos run, a process of its own on one of the runtimes.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { ClientProcess } from "../demo/client_process.ts";
import type { RuntimeName } from "../runtimes.mjs";
import { type ClientSettings, STOP_DEADLINE_MS } from "./client_settings.ts";

const PROGRAM = fileURLToPath(new URL("client.ts", import.meta.url));
/** How much later than its deadline a stopped client's process may end: it is a busy machine. */
const STOP_PATIENCE_MS = 2_500;

/** One client. */
export class ChaosClient extends ClientProcess {
  readonly clientId: string;
  /** A fault is about this client alone: it is left in peace otherwise. */
  isVictim = false;

  constructor(runtime: RuntimeName, settings: ClientSettings) {
    const stopTimeoutMs = STOP_DEADLINE_MS + STOP_PATIENCE_MS;
    super({ runtime, path: PROGRAM, settings, stopTimeoutMs });
    this.clientId = settings.clientId;
  }
}
