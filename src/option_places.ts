/**
 * Checks the options that say what is read, and from where.
 *
 * @module
 */

import { type Checker, isDate, isObject, NAME, type Rule, show } from "./option_checker.ts";
import type { ShardStart, ShardStarts, StartAt, StartPosition } from "./rules/position.ts";
import type { Runtime } from "./runtime.ts";

const STREAM_ARN: Rule = {
  pattern: /^arn:aws[a-z0-9-]*:kinesis:[a-z0-9-]+:\d{12}:stream\/[A-Za-z0-9_.-]{1,128}$/,
  words: 'characters like "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"',
};

/** What the ARN of a stream names; `undefined`: it is not one. */
export function readStreamArn(
  arn: string,
): { readonly streamName: string; readonly region: string } | undefined {
  if (!STREAM_ARN.pattern.test(arn)) return undefined;
  return { streamName: arn.slice(arn.indexOf("/") + 1), region: arn.split(":")[3] ?? "" };
}

const START = '"horizon", "latest" or a Date that is not in the future';
const STARTS = `${START}, or an object of these by shard ID and for "others"`;
const SHARD_ID = /^shardId-[A-Za-z0-9_.-]{1,120}$/;

/** The stream, by its name or by its ARN. */
export function checkStream(
  check: Checker,
): { readonly streamName: string; readonly streamArn: string | undefined } {
  if (!check.has("streamArn")) {
    const given = check.value("streamName");
    if (typeof given === "string" && readStreamArn(given) !== undefined) {
      check.range(`streamName must be a name: pass the ARN ${show(given)} as streamArn`);
      return { streamName: "", streamArn: undefined };
    }
    const streamName = check.text("streamName", { max: 128, pattern: NAME });
    return { streamName, streamArn: undefined };
  }
  const streamArn = check.text("streamArn", { max: 2048, pattern: STREAM_ARN });
  if (streamArn !== "" && check.has("streamName")) {
    check.type("streamArn and streamName must not be given both");
  }
  return { streamName: readStreamArn(streamArn)?.streamName ?? "", streamArn };
}

/** The region that the stream's ARN names, if there is a sound one. */
export function arnRegionOf(check: Checker): string | undefined {
  const arn = check.value("streamArn");
  return typeof arn === "string" ? readStreamArn(arn)?.region : undefined;
}

/** A stream is spoken to in its own region. */
export function checkArnRegion(check: Checker, region: string): void {
  const arnRegion = arnRegionOf(check);
  if (arnRegion === undefined || arnRegion === region || region === "") return;
  check.range(`region must be that of streamArn, ${show(arnRegion)}, got ${show(region)}`);
}

/** The variable that names a service's endpoint, by the convention of AWS's own tools. */
export function endpointVariable(
  { env }: Runtime,
  service: "KINESIS" | "DYNAMODB",
): { readonly name: string; readonly value: string } | undefined {
  if (env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.toLowerCase() === "true") return undefined;
  for (const name of [`AWS_ENDPOINT_URL_${service}`, "AWS_ENDPOINT_URL"]) {
    const value = env(name);
    if (value) return { name, value };
  }
  return undefined;
}

/** Where a service of a region is spoken to. */
export function publicEndpoint(service: "kinesis" | "dynamodb", region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

/** Where shards begin. */
export function checkStartAt(check: Checker, nowMs: number): StartAt {
  const name = "startAt";
  const value = check.value(name) ?? "horizon";
  if (!isObject(value) || isDate(value)) return startPosition(check, name, value, nowMs);
  const starts: Record<string, ShardStart> = {};
  for (const [key, start] of Object.entries(value)) {
    const isShard = SHARD_ID.test(key);
    if (!isShard && key !== "others") {
      check.type(`${name} must be ${STARTS}, got an object with ${show(key)}`);
    } else if (start !== undefined) {
      const part = `${name}[${show(key)}]`;
      starts[key] = isShard && isObject(start) && !isDate(start)
        ? placeOf(check, part, start)
        : startPosition(check, part, start, nowMs);
    }
  }
  return Object.freeze(starts) as ShardStarts;
}

function startPosition(
  check: Checker,
  name: string,
  value: unknown,
  nowMs: number,
): StartPosition {
  if (value === "horizon" || value === "latest") return value;
  const what = name === "startAt" ? STARTS : START;
  const problem = `${name} must be ${what}, got ${show(value)}`;
  if (!isDate(value)) {
    if (typeof value === "string") check.range(problem);
    else check.type(problem);
  } else if (!(value.getTime() <= nowMs)) check.range(problem);
  else return new Date(value);
  return "horizon";
}

function placeOf(check: Checker, name: string, value: Record<string, unknown>): ShardStart {
  const { after, at, ...others } = value;
  const place = after ?? at;
  const hasOne = (after === undefined) !== (at === undefined) && Object.keys(others).length === 0;
  const what = "one of { after } and { at }, a sequence number of 1 to 128 digits";
  if (!hasOne || typeof place !== "string") check.type(`${name} must be ${what}`);
  else if (!/^\d{1,128}$/.test(place)) check.range(`${name} must be ${what}, got ${show(place)}`);
  else return after === undefined ? { at: place } : { after: place };
  return "horizon";
}
