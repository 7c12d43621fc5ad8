/**
 * Decides whom the commands speak to, and as whom: region, endpoints and credentials, from the
 * options, the environment and the profile, in the order that the AWS tools have.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "../aws/credentials.ts";
import { publicEndpoint, readStreamArn } from "../option_places.ts";
import { type Arguments, type OptionSpecs, UsageError } from "./command.ts";
import { findProfile, type Profile } from "./profile.ts";

/** Whom to speak to, and as whom. */
export interface Target {
  readonly region: string;
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly credentials: Credentials;
  /** Where the credentials were found, in words. */
  readonly credentialsSource: string;
  /** The stream's, where the command line has it in place of a name. */
  readonly streamArn?: string;
}

/** What the decision rests on. */
export interface TargetFacts {
  /** The options that were given. */
  readonly given: {
    /** A name, or an ARN. */
    readonly stream?: string | undefined;
    readonly region?: string | undefined;
    readonly profile?: string | undefined;
    readonly kinesisEndpoint?: string | undefined;
    readonly dynamodbEndpoint?: string | undefined;
  };
  readonly env: (name: string) => string | undefined;
  /** The text of a file, `""` where it cannot be read. */
  readonly readFile: (path: string) => string;
  readonly home: string;
}

/** The options of every command that speaks to AWS. */
export const AWS_OPTIONS: OptionSpecs = {
  "region": { value: "NAME", help: "the region; else AWS_REGION, AWS_DEFAULT_REGION, the profile" },
  "profile": { value: "NAME", help: "a profile of ~/.aws that has keys; else AWS_PROFILE" },
  "kinesis-endpoint": {
    value: "URL",
    help: "else KINSUMER_KINESIS_ENDPOINT, AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL",
  },
  "dynamodb-endpoint": {
    value: "URL",
    help: "else KINSUMER_DYNAMODB_ENDPOINT, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL",
  },
};

/** The name of the stream, which the command line may also give as an ARN. */
export function streamNameOf(args: Arguments): string {
  const stream = args.required("stream");
  return readStream(stream)?.streamName ?? stream;
}

/** What the ARN of a stream names; absent where it is a name. @throws {UsageError} */
function readStream(stream: string = ""): ReturnType<typeof readStreamArn> {
  if (!stream.startsWith("arn:")) return undefined;
  const found = readStreamArn(stream);
  if (found !== undefined) return found;
  throw new UsageError(`--stream must be a name or the ARN of a stream, got "${stream}"`);
}

/** Reads the target from a command line, the environment and the user's files. */
export function readTarget(args: Arguments, env: (name: string) => string | undefined): Target {
  return decideTarget({
    given: {
      stream: args.text("stream"),
      region: args.text("region"),
      profile: args.text("profile"),
      kinesisEndpoint: args.text("kinesis-endpoint"),
      dynamodbEndpoint: args.text("dynamodb-endpoint"),
    },
    env,
    readFile: readText,
    home: env("HOME") || homedir(),
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // there is none, or it may not be read: the same to us
  }
}

/**
 * Decides the target.
 *
 * @throws {UsageError} when the region or the credentials are missing, saying what to do
 */
export function decideTarget(facts: TargetFacts): Target {
  const { env, given } = facts;
  const kinesis = endpointOf("KINESIS", given.kinesisEndpoint, env);
  const dynamodb = endpointOf("DYNAMODB", given.dynamodbEndpoint, env);
  const isLocal = isOnThisHost(kinesis) && isOnThisHost(dynamodb);
  const profile = profileOf(facts);
  const stream = readStream(given.stream);
  const region = given.region ?? stream?.region ??
    (env("AWS_REGION") || env("AWS_DEFAULT_REGION"));
  if (stream !== undefined && stream.region !== region) {
    throw new UsageError(`the region of the stream is "${stream.region}", not "${region}"`);
  }
  const found = region || profile?.region || (isLocal ? "us-east-1" : undefined);
  if (found === undefined) {
    throw new UsageError("the region is missing: set AWS_REGION, or give --region");
  }
  return {
    region: found,
    kinesisEndpoint: kinesis ?? publicEndpoint("kinesis", found),
    dynamodbEndpoint: dynamodb ?? publicEndpoint("dynamodb", found),
    ...credentialsOf(facts, { profile, isLocal }),
    ...(stream !== undefined && given.stream !== undefined && { streamArn: given.stream }),
  };
}

function endpointOf(
  service: "KINESIS" | "DYNAMODB",
  given: string | undefined,
  env: TargetFacts["env"],
): string | undefined {
  const isIgnored = env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.toLowerCase() === "true";
  const configured = isIgnored
    ? undefined
    : env(`AWS_ENDPOINT_URL_${service}`) || env("AWS_ENDPOINT_URL");
  const endpoint = given ?? (env(`KINSUMER_${service}_ENDPOINT`) || configured);
  if (endpoint === undefined || endpoint === "") return undefined;
  if (!/^https?:\/\/[^/]+\/?$/.test(endpoint)) {
    throw new UsageError(
      `the endpoint "${endpoint}" must be an http: or https: URL without a path`,
    );
  }
  return endpoint.replace(/\/$/, "");
}

function isOnThisHost(endpoint: string | undefined): boolean {
  return endpoint !== undefined &&
    /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(endpoint);
}

function profileNameOf({ env, given }: TargetFacts): string {
  return given.profile ?? (env("AWS_PROFILE") || env("AWS_DEFAULT_PROFILE") || "default");
}

function profileOf(facts: TargetFacts): Profile | undefined {
  const { env, home, readFile } = facts;
  return findProfile(profileNameOf(facts), {
    config: readFile(env("AWS_CONFIG_FILE") || join(home, ".aws", "config")),
    credentials: readFile(
      env("AWS_SHARED_CREDENTIALS_FILE") || join(home, ".aws", "credentials"),
    ),
  });
}

/** A profile that was named on the command line counts for more than keys in the environment. */
function credentialsOf(
  facts: TargetFacts,
  { profile, isLocal }: { readonly profile: Profile | undefined; readonly isLocal: boolean },
): Pick<Target, "credentials" | "credentialsSource"> {
  const { env, given } = facts;
  const accessKeyId = env("AWS_ACCESS_KEY_ID");
  const secretAccessKey = env("AWS_SECRET_ACCESS_KEY");
  if (given.profile === undefined && accessKeyId && secretAccessKey) {
    const sessionToken = env("AWS_SESSION_TOKEN") || undefined;
    return {
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      credentialsSource: "the environment's AWS_ACCESS_KEY_ID",
    };
  }
  const name = profileNameOf(facts);
  if (profile?.keys !== undefined) {
    return { credentials: profile.keys, credentialsSource: `profile "${name}"` };
  }
  const isNamed = name !== "default";
  if (isLocal && !isNamed) {
    return {
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      credentialsSource: "invented ones, for servers on this host",
    };
  }
  throw new UsageError(missingCredentials(name, profile));
}

function missingCredentials(name: string, profile: Profile | undefined): string {
  if (profile?.otherSource !== undefined) {
    const flag = name === "default" ? "" : ` --profile ${name}`;
    return `profile "${name}" gets its credentials by "${profile.otherSource}", which this command ` +
      `cannot; run this first: eval "$(aws configure export-credentials${flag} --format env)"`;
  }
  if (name !== "default") {
    const state = profile === undefined
      ? "is in neither ~/.aws/config nor ~/.aws/credentials"
      : "has no keys";
    return `profile "${name}" ${state}`;
  }
  return "credentials are missing: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
}
