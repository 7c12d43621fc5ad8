/**
 * Puts a consumer for one run together, of as little as a run needs, and takes it through its life.
 *
 * The loops, the tables and the rules are those of the whole library; what is left out is what a
 * client that stays has beside them.
 *
 * @module
 */

import { createCredentialsSource } from "../aws/credentials.ts";
import { connect, type ConsumerPorts } from "../connect.ts";
import { Announcer } from "../loops/announcer.ts";
import type { LoopContext } from "../loops/context.ts";
import type { DeliveredRecord } from "../loops/delivery.ts";
import { Handoff } from "../loops/handoff.ts";
import { Lease } from "../loops/lease.ts";
import type { Membership } from "../loops/membership.ts";
import { PullIterator } from "../loops/pull.ts";
import type { MembershipFactory } from "../one_run.ts";
import type { ResolvedOptions } from "../resolve_options.ts";
import type { RunClient } from "../run.ts";
import type { OpenableTelemetry, OpenTelemetry } from "../telemetry/run_telemetry.ts";
import { type EdgeOptions, resolveEdgeOptions } from "./options.ts";
import { createEdgeCall } from "./signing.ts";
import { SILENCE } from "./silence.ts";

/** A consumer for one run. */
export class EdgeClient implements RunClient {
  readonly #options: ResolvedOptions;
  readonly #telemetry: OpenTelemetry;
  readonly #announcer: Announcer;
  readonly #handoff: Handoff;
  readonly #lease: Lease;
  readonly #join: MembershipFactory;
  readonly #aborting = new AbortController();
  #member: Membership | undefined;
  #unwatch: () => void = () => {};
  #stopping: Promise<void> | undefined;

  constructor(options: EdgeOptions, join: MembershipFactory) {
    const resolved = resolveEdgeOptions(options);
    const { clientId, clientRecordMaxAgeMs, extractContext, logger, onEvent, runtime } = resolved;
    const { clock } = runtime;
    this.#options = resolved;
    this.#join = join;
    const telemetry = options.telemetry as OpenableTelemetry | undefined;
    this.#telemetry = telemetry?.open({ ...resolved, clock }, extractContext) ?? SILENCE;
    this.#announcer = new Announcer({
      logger,
      onEvent: (event) => {
        this.#telemetry.observe(event);
        return onEvent?.(event);
      },
    }, { clientId });
    this.#lease = new Lease(clock, clientRecordMaxAgeMs);
    this.#handoff = this.#openHandoff();
  }

  /** Joins the fleet. */
  async run(): Promise<void> {
    const { signal } = this.#aborting;
    const member = this.#join(this.#context(), (error) => {
      this.#announcer.announce({ type: "failed", error });
      this.#handoff.fail(error);
    });
    this.#member = member; // before it joins: a stop meanwhile must remove what it registers
    await this.#waitedFor(member.join(signal));
    const handoff = this.#handoff;
    this.#unwatch = this.#telemetry.watch({
      get ownedCount() {
        return member.consumers.filter((each) => each.isOwner).length;
      },
      pausedCount: 0,
      get bufferBytes() {
        return handoff.heldBytes;
      },
      bufferLimit: handoff.maxBytes,
    });
    this.#announcer.announce({ type: "started", clientId: this.#options.clientId });
  }

  /** Leaves the fleet; a second call waits for the first. */
  stop({ deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    this.#stopping ??= this.#waitedFor(this.#stop(deadlineMs));
    return this.#stopping;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<DeliveredRecord, undefined> {
    const pull = () => this.#handoff.pullRecord();
    return new PullIterator(this.#telemetry.receive(pull, (record) => [record]), false);
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#handoff.close();
    const isClean = await this.#member?.leave(deadlineMs) ?? true;
    this.#aborting.abort();
    this.#unwatch();
    this.#announcer.announce({ type: "stopped", clientId: this.#options.clientId, isClean });
  }

  #context(): LoopContext {
    const options = this.#options;
    const { runtime: { clock, random }, throttleDelayMs } = options;
    return {
      options,
      incarnation: random.uuid(),
      clock,
      random,
      ...this.#connect(),
      announcer: this.#announcer,
      handoff: this.#handoff,
      lease: this.#lease,
      telemetry: this.#telemetry,
      pace: { throttleDelayMs },
    };
  }

  #connect(): ConsumerPorts {
    const { credentials, runtime } = this.#options;
    return connect(this.#options, {
      telemetry: this.#telemetry,
      credentials: createCredentialsSource({ credentials, runtime }),
      openCall: createEdgeCall,
      onRetry: ({ target, attempt: failures, delayMs, error }) => {
        const operation = target.slice(target.indexOf(".") + 1);
        this.#announcer.retried(error, { operation, failures, delayMs });
      },
    });
  }

  #openHandoff(): Handoff {
    const { bufferSize, maxBufferedBytes, runtime: { onWait }, streamName } = this.#options;
    return new Handoff({
      streamName,
      maxBufferedBytes,
      bufferSize,
      isLeaseValid: () => this.#lease.isValid,
      onWait: onWait && ((pull) => this.#waitedFor(pull, true)),
    });
  }

  /** Tells the runtime, whose clock may be virtual, that the user waits. */
  #waitedFor<Result>(until: Promise<Result>, isForRecords = false): Promise<Result> {
    const { onWait } = this.#options.runtime;
    onWait?.({ until, isForRecords, inHandCount: this.#inHandCount });
    return until;
  }

  readonly #inHandCount = (): number => this.#handoff.inHandCount;
}
