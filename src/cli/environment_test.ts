// Contract: whom the commands speak to, and as whom, is decided in the order of the AWS tools; what
// is missing is said with what to do about it, and no secret is in any message.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "./command.ts";
import { decideTarget, type Target, type TargetFacts } from "./environment.ts";

const CONFIG = `
# a comment
[default]
region = eu-west-1

[profile keys]
region=eu-central-1
aws_access_key_id = CONFIGKEY
aws_secret_access_key = config-secret
s3 =
    region = nonsense
[profile corporate]
sso_session = corporate
sso_account_id = 1
region = us-west-2
[sso-session corporate]
sso_region = us-east-1
[profile role]
role_arn = arn:aws:iam::1:role/x
[profile self]
role_arn = arn:aws:iam::2:role/y
source_profile = self
aws_access_key_id = SELFKEY
aws_secret_access_key = self-secret
source_profile = keys
[profile empty]
region = us-west-1
`;
const CREDENTIALS = `[keys]
aws_access_key_id = FILEKEY
aws_secret_access_key = file-secret
aws_session_token = file-token
`;

const KEYS = { AWS_ACCESS_KEY_ID: "ENVKEY", AWS_SECRET_ACCESS_KEY: "env-secret" };
const LOCAL = {
  KINSUMER_KINESIS_ENDPOINT: "http://127.0.0.1:4568",
  KINSUMER_DYNAMODB_ENDPOINT: "http://localhost:4567/",
};

function decide(
  env: Readonly<Record<string, string>>,
  given: TargetFacts["given"] = {},
  files: { readonly config?: string; readonly credentials?: string } = {},
): Target {
  const { config = CONFIG, credentials = CREDENTIALS } = files;
  return decideTarget({
    given,
    env: (name) => env[name],
    readFile: (path) =>
      path === "/home/me/.aws/config"
        ? config
        : path === "/home/me/.aws/credentials"
        ? credentials
        : "",
    home: "/home/me",
  });
}

describe("the region", () => {
  for (
    const [what, env, given, region] of [
      ["the option", { ...KEYS, AWS_REGION: "a-1" }, { region: "b-1" }, "b-1"],
      ["AWS_REGION", { ...KEYS, AWS_REGION: "a-1", AWS_DEFAULT_REGION: "b-1" }, {}, "a-1"],
      ["AWS_DEFAULT_REGION", { ...KEYS, AWS_DEFAULT_REGION: "b-1" }, {}, "b-1"],
      ["the profile's", { AWS_PROFILE: "keys" }, {}, "eu-central-1"],
      ["the default profile's", KEYS, {}, "eu-west-1"],
    ] as const
  ) it(`is ${what}`, () => assert.equal(decide(env, given).region, region));

  it("is us-east-1 for servers on this host", () => {
    assert.equal(decide(LOCAL, {}, { config: "" }).region, "us-east-1");
  });

  it("must be somewhere", () => {
    assert.throws(() => decide(KEYS, {}, { config: "" }), /set AWS_REGION, or give --region/);
  });
});

describe("the stream's ARN", () => {
  const stream = "arn:aws:kinesis:eu-north-1:123456789012:stream/orders";

  it("is spoken to, in its region", () => {
    const target = decide({ ...KEYS, AWS_REGION: "a-1" }, { stream });
    assert.deepEqual([target.streamArn, target.region], [stream, "eu-north-1"]);
    assert.equal(target.kinesisEndpoint, "https://kinesis.eu-north-1.amazonaws.com");
    assert.equal("streamArn" in decide(KEYS, { stream: "orders" }), false);
  });

  it("is refused where another region is asked for, or it is of no stream", () => {
    const words = /the region of the stream is "eu-north-1", not "a-1"/;
    assert.throws(() => decide(KEYS, { stream, region: "a-1" }), words);
    const table = "arn:aws:dynamodb:eu-north-1:123456789012:table/orders";
    assert.throws(() => decide(KEYS, { stream: table }), /a name or the ARN of a stream, got "arn/);
  });
});

describe("the endpoints", () => {
  const env = { ...KEYS, AWS_REGION: "eu-west-1" };

  it("are the region's", () => {
    const { dynamodbEndpoint, kinesisEndpoint } = decide(env);
    assert.equal(kinesisEndpoint, "https://kinesis.eu-west-1.amazonaws.com");
    assert.equal(dynamodbEndpoint, "https://dynamodb.eu-west-1.amazonaws.com");
    assert.match(decide({ ...env, AWS_REGION: "cn-north-1" }).kinesisEndpoint, /\.com\.cn$/);
  });

  for (
    const [what, more, kinesis] of [
      ["AWS_ENDPOINT_URL", {}, "http://all:1"],
      ["AWS_ENDPOINT_URL_KINESIS", { AWS_ENDPOINT_URL_KINESIS: "http://k:1" }, "http://k:1"],
      [
        "KINSUMER_KINESIS_ENDPOINT",
        { AWS_ENDPOINT_URL_KINESIS: "http://k:1", KINSUMER_KINESIS_ENDPOINT: "http://own:1" },
        "http://own:1",
      ],
    ] as const
  ) {
    it(`are taken from ${what}`, () => {
      const target = decide({ ...env, AWS_ENDPOINT_URL: "http://all:1", ...more });
      assert.deepEqual([target.kinesisEndpoint, target.dynamodbEndpoint], [
        kinesis,
        "http://all:1",
      ]);
    });
  }

  it("are taken from the options before all", () => {
    const given = { kinesisEndpoint: "http://given:1" };
    assert.equal(decide({ ...env, ...LOCAL }, given).kinesisEndpoint, "http://given:1");
  });

  it("are the region's where configured ones are to be ignored", () => {
    const ignoring = {
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
      AWS_ENDPOINT_URL: "http://all:1",
    };
    assert.match(decide({ ...env, ...ignoring }).kinesisEndpoint, /amazonaws/);
  });

  it("must be URLs without a path", () => {
    assert.throws(() => decide({ ...env, AWS_ENDPOINT_URL: "localhost:1" }), UsageError);
    assert.throws(() => decide({ ...env, AWS_ENDPOINT_URL: "http://x/path" }), /without a path/);
  });
});

describe("the credentials", () => {
  const keyOf = (...args: Parameters<typeof decide>): string =>
    decide(...args).credentials.accessKeyId;

  it("are the environment's", () => {
    assert.equal(keyOf({ ...KEYS, AWS_PROFILE: "keys" }), "ENVKEY");
  });

  it("are those of a profile that was named on the command line, before the environment's", () => {
    assert.equal(keyOf(KEYS, { profile: "keys" }), "FILEKEY");
  });

  it("are AWS_PROFILE's, from the credentials file before the config file", () => {
    const { credentials, credentialsSource } = decide({ AWS_PROFILE: "keys" });
    assert.equal(credentials.accessKeyId, "FILEKEY");
    assert.equal(credentials.sessionToken, "file-token");
    assert.equal(credentialsSource, 'profile "keys"');
    assert.equal(keyOf({ AWS_PROFILE: "keys" }, {}, { credentials: "" }), "CONFIGKEY");
  });

  it("are invented for servers on this host alone", () => {
    assert.equal(keyOf(LOCAL), "local");
    const half = { KINSUMER_KINESIS_ENDPOINT: LOCAL.KINSUMER_KINESIS_ENDPOINT, AWS_REGION: "a-1" };
    assert.throws(() => decide(half), /credentials are missing/);
    const lookalike = { ...LOCAL, KINSUMER_KINESIS_ENDPOINT: "http://localhost.example.com" };
    assert.throws(() => decide(lookalike), /credentials are missing/);
  });

  for (
    const [profile, message] of [
      [
        "corporate",
        /by "sso_session".*aws configure export-credentials --profile corporate --format env/,
      ],
      ["role", /by "role_arn"/],
      ["self", /by "role_arn"/],
      ["empty", /profile "empty" has no keys/],
      ["unknown", /profile "unknown" is in neither/],
    ] as const
  ) {
    it(`tells what to do about profile "${profile}"`, () => {
      assert.throws(() => decide({ AWS_REGION: "a-1" }, { profile }), message);
      assert.throws(() => decide({ AWS_REGION: "a-1", AWS_PROFILE: profile }), message);
    });
  }
});
