/**
 * Puts a consumer together: makes of its options what its loops share.
 *
 * @module
 */

import { createAwsCall } from "./aws/call.ts";
import { createCredentialsSource } from "./aws/credentials.ts";
import { createDynamoDbApi } from "./aws/dynamodb.ts";
import { createRecordsReader, WireChoice } from "./aws/read_records.ts";
import { connect, type Ports } from "./connect.ts";
import type { KinsumerError } from "./errors.ts";
import { Announcer, attempt } from "./loops/announcer.ts";
import type { LoopContext } from "./loops/context.ts";
import { Handoff } from "./loops/handoff.ts";
import { LastErrors } from "./loops/last_errors.ts";
import { Lease } from "./loops/lease.ts";
import type { ResolvedOptions } from "./resolve_options.ts";
import { resourcesOf } from "./shared.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

/** What a consumer is made of. */
export interface Assembly {
  readonly options: ResolvedOptions;
  readonly telemetry: Telemetry;
  readonly errors: LastErrors;
  readonly announcer: Announcer;
  readonly ports: Ports;
  readonly lease: Lease;
  readonly handoff: Handoff;
}

/**
 * Puts a consumer together.
 *
 * @param onPull is told when the user waits for records, where the runtime wants to know
 */
export function assemble(
  options: ResolvedOptions,
  onPull: (pull: Promise<unknown>) => void,
): Assembly {
  const { clientRecordMaxAgeMs, runtime: { clock } } = options;
  const telemetry = new Telemetry({ ...options, clock }, options.extractContext);
  const errors = new LastErrors(clock);
  const announcer = openAnnouncer(options, telemetry, errors);
  const ports = openPorts(options, telemetry, announcer);
  const lease = new Lease(clock, clientRecordMaxAgeMs);
  const handoff = openHandoff(options, lease, onPull);
  return { options, telemetry, errors, announcer, ports, lease, handoff };
}

/** What the loops share. */
export function contextOf(assembly: Assembly): LoopContext {
  const { announcer, handoff, lease, options, ports, telemetry } = assembly;
  const { runtime: { clock, random }, throttleDelayMs } = options;
  return {
    options,
    incarnation: random.uuid(),
    clock,
    random,
    kinesis: ports.kinesis,
    clients: ports.clients,
    checkpoints: ports.checkpoints,
    metadata: ports.metadata,
    announcer,
    handoff,
    lease,
    telemetry,
    pace: { throttleDelayMs },
  };
}

function openAnnouncer(
  { clientId, logger, onEvent }: ResolvedOptions,
  telemetry: Telemetry,
  errors: LastErrors,
): Announcer {
  return new Announcer({
    logger,
    onEvent: (event) => {
      telemetry.observe(event);
      errors.note(event);
      return onEvent?.(event);
    },
  }, { clientId });
}

function openPorts(options: ResolvedOptions, telemetry: Telemetry, announcer: Announcer): Ports {
  const { credentials, runtime, shared } = options;
  const refused = (error: KinsumerError) => announcer.announce({ type: "wire-refused", error });
  const wire = new WireChoice(options.wire, refused);
  const ports = connect(options, {
    telemetry,
    credentials: resourcesOf(shared)?.credentials ??
      createCredentialsSource({ credentials, runtime }),
    openCall: createAwsCall,
    onRetry: ({ target, attempt: failures, delayMs, error }) =>
      announcer.retried(error, { operation: operationOf(target), failures, delayMs }),
    openReader: (call) => createRecordsReader({ call, wire }),
  });
  const { clock, random } = runtime;
  return { ...ports, dynamodb: createDynamoDbApi({ call: ports.dynamodbCall, clock, random }) };
}

function openHandoff(
  options: ResolvedOptions,
  lease: Lease,
  onPull: (pull: Promise<unknown>) => void,
): Handoff {
  const { bufferSize, maxBufferedBytes, runtime, shared, statsReceiver, streamName } = options;
  return new Handoff({
    streamName,
    maxBufferedBytes,
    budget: resourcesOf(shared)?.budget,
    bufferSize,
    isLeaseValid: () => lease.isValid,
    onHandedOver: statsReceiver && (({ received, retrievedMs }, from, to) => {
      for (const record of received.slice(from, to)) {
        const insertedMs = record.approximateArrivalMs;
        attempt(() => statsReceiver.eventToClient({ insertedMs, retrievedMs }));
      }
    }),
    onWait: runtime.onWait && onPull,
  });
}

function operationOf(target: string): string {
  return target.slice(target.indexOf(".") + 1);
}
