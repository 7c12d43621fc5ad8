/**
 * The blows that one client is dealt. Each takes its victim and its measures from the seed, says what
 * it does, notes which fault may explain a duplicate, and mends everything in the end.
 *
 * @module
 */

import type { Fault } from "../../testing/fault_proxy.ts";
import { between, type Blow, ms, nameOf, onVictim, pause, pick, suffer } from "./blow.ts";
import { FAIL_OVER_BOUNDS, PACE } from "./client_settings.ts";

const TTL_MS = PACE.clientRecordMaxAgeMs;
/** Credentials that are refused are tried again after up to 10 s. */
const REFUSAL_RECOVERY_MS = 10_000;

/** Kills a client, and waits until its shards are others'; then another takes its place. */
export const killInCalm: Blow = onVictim(async (world, victim, signal) => {
  world.say(`SIGKILL for ${nameOf(victim)}, and nothing else until its shards are others'`);
  await world.killClient(victim);
  await pause(FAIL_OVER_BOUNDS.leaderMs, signal);
  world.startClient();
});

/** Kills a client; another takes its place, sometimes under the same ID. */
export const kill: Blow = onVictim(async (world, victim, signal) => {
  const isSameId = world.random.next() < 0.3;
  const delayMs = between(world, 0, 2_000);
  world.say(
    `SIGKILL for ${nameOf(victim)}; ${isSameId ? "the same ID" : "another"} in ${ms(delayMs)}`,
  );
  await world.killClient(victim);
  await pause(delayMs, signal);
  world.startClient(isSameId ? victim.clientId : undefined);
});

/**
 * Freezes a client beyond its time to live. Sometimes it wakes without DynamoDB, so that nothing but
 * its own clock can tell it that its shards are others' by now.
 */
export const freeze: Blow = onVictim(async (world, victim, signal) => {
  const forMs = between(world, 1.1 * TTL_MS, 2 * TTL_MS);
  const cutOffMs = world.random.next() < 0.5 ? 0 : between(world, 1_000, 3_000);
  const how = cutOffMs === 0 ? "" : `, and without DynamoDB for ${ms(cutOffMs)} more`;
  world.say(`SIGSTOP for ${nameOf(victim)}, SIGCONT in ${ms(forMs)}${how}`);
  const close = world.windows.open({ kind: "SIGSTOP", client: victim.name });
  world.servers.guard(victim.pid, true);
  victim.freeze();
  await pause(forMs, signal);
  const fault = { kind: "drop", service: "dynamodb", client: victim.name } as const;
  const handle = cutOffMs === 0 ? undefined : world.proxy.faults.add(fault);
  victim.thaw();
  world.servers.guard(victim.pid, false);
  await pause(cutOffMs, signal);
  handle?.remove();
  close();
});

/** Cuts one client off from one service or both, by refusing or by silence. */
export const partition: Blow = onVictim(async (world, victim, signal) => {
  const service = pick(world, ["kinesis", "dynamodb", "dynamodb", undefined] as const);
  const kind = pick(world, ["drop", "hang"] as const);
  const forMs = between(world, 0.6 * TTL_MS, 2.2 * TTL_MS);
  const how = kind === "drop" ? "refused" : "silent";
  world.say(`${nameOf(victim)} cut off from ${service ?? "both services"}, ${how}, ${ms(forMs)}`);
  const scope = { service, client: victim.name };
  const window = service === "kinesis" ? undefined : { kind: "partition", client: victim.name };
  await suffer(world, signal, { faults: [{ kind, ...scope }], forMs, window });
});

/** Stops a client in order and starts another, as a deploy does. */
export const deploy: Blow = onVictim(async (world, victim) => {
  world.say(`deploy: ${nameOf(victim)} stops, another starts`);
  const isStartedFirst = world.random.next() < 0.5;
  if (isStartedFirst) world.startClient();
  await world.stopClient(victim);
  if (!isStartedFirst) world.startClient();
});

/** Stops a client that cannot reach DynamoDB. */
export const deployCutOff: Blow = onVictim(async (world, victim, signal) => {
  const kind = pick(world, ["drop", "hang", "throttle"] as const);
  world.say(`deploy: ${nameOf(victim)} is cut off from DynamoDB (${kind}), and stops`);
  const close = world.windows.open({ kind: "stop while cut off", client: victim.name });
  const handle = world.proxy.faults.add({ kind, service: "dynamodb", client: victim.name });
  await pause(between(world, 0, 500), signal);
  await world.stopClient(victim);
  handle.remove();
  close();
  world.startClient();
});

/** One client's clock is wrong, says the service. */
export const clockSkew: Blow = onVictim(async (world, victim, signal) => {
  const skewMs = (world.random.next() < 0.5 ? -1 : 1) * 1_200_000;
  world.say(
    `the services' clock is 20 minutes ${skewMs < 0 ? "behind" : "ahead of"} ${victim.name}'s`,
  );
  const faults: Fault[] = [{ kind: "clock-skew", skewMs, client: victim.name }];
  await suffer(world, signal, { faults, forMs: 5_000 });
});

/** One client's credentials are refused for a moment. */
export const expiredCredentials: Blow = onVictim(async (world, victim, signal) => {
  world.say(`the credentials of ${nameOf(victim)} are refused for 1.5 s`);
  const faults: Fault[] = [{ kind: "expired-credentials", client: victim.name }];
  const window = {
    kind: "refused credentials",
    client: victim.name,
    extraRecoveryMs: REFUSAL_RECOVERY_MS,
  };
  await suffer(world, signal, { faults, forMs: 1_500, window });
});
