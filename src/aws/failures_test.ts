/**
 * The contract: the service's own name of a failure, wherever it stands, decides its code and
 * whether it may be repeated; the status decides where there is none; and nothing else of the
 * answer is quoted, save for a missing permission.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import type { KinsumerErrorCode } from "../errors.ts";
import {
  type Answer,
  type AwsService,
  failureOf,
  mayNewCredentialsHelp,
  maySkewExplain,
} from "./failures.ts";

const REQUEST = {
  service: "kinesis",
  host: "kinesis.eu-west-1.amazonaws.com",
  operation: "GetRecords",
  subject: undefined,
} as const;

function answer(parts: {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}): Answer {
  const { status = 400, body = "", headers = {} } = parts;
  return {
    status,
    headers: { get: (name) => headers[name] ?? null },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}

type Row = readonly [
  awsCode: string,
  code: KinsumerErrorCode,
  isRetryable: boolean,
  service?: AwsService,
  operation?: string,
];

const NAMED: readonly Row[] = [
  ["ProvisionedThroughputExceededException", "Throttled", true],
  ["ProvisionedThroughputExceededException", "Throttled", true, "dynamodb"],
  ["LimitExceededException", "Throttled", true],
  ["ThrottlingException", "Throttled", true],
  ["RequestLimitExceeded", "Throttled", true, "dynamodb"],
  ["KMSThrottlingException", "Throttled", true],
  ["TooManyRequestsException", "Throttled", true],
  ["InternalServerError", "ServiceFailure", true, "dynamodb"],
  ["InternalFailure", "ServiceFailure", true],
  ["ServiceUnavailable", "ServiceFailure", true],
  ["ExpiredIteratorException", "IteratorExpired", false],
  ["ResourceNotFoundException", "StreamNotFound", false],
  ["ResourceNotFoundException", "TableNotFound", false, "dynamodb"],
  ["ResourceInUseException", "StreamNotReady", true, "kinesis", "ListShards"],
  ["ResourceInUseException", "TableNotReady", true, "dynamodb", "DeleteTable"],
  ["ResourceInUseException", "RequestRejected", false, "dynamodb", "CreateTable"],
  ["AccessDeniedException", "AccessDenied", false],
  ["AccessDenied", "AccessDenied", false],
  ["KMSAccessDeniedException", "AccessDenied", false],
  ["UnrecognizedClientException", "CredentialsRejected", false],
  ["InvalidClientTokenId", "CredentialsRejected", false],
  ["ExpiredToken", "CredentialsRejected", false],
  ["ExpiredTokenException", "CredentialsRejected", false],
  ["InvalidSignatureException", "CredentialsRejected", false],
  ["SignatureDoesNotMatch", "CredentialsRejected", false],
  ["RequestExpired", "CredentialsRejected", false],
  ["MissingAuthenticationTokenException", "CredentialsRejected", false],
  ["ConditionalCheckFailedException", "RequestRejected", false, "dynamodb", "UpdateItem"],
  ["InvalidArgumentException", "RequestRejected", false],
  ["ExpiredNextTokenException", "RequestRejected", false, "kinesis", "ListShards"],
  ["ValidationException", "RequestRejected", false],
  ["KMSDisabledException", "RequestRejected", false],
  ["NeverHeardOfException", "RequestRejected", false],
];

describe("failureOf() by the service's name of the failure", () => {
  for (const [awsCode, code, isRetryable, service = "kinesis", operation = "GetRecords"] of NAMED) {
    it(`calls ${awsCode} of ${service} ${operation} ${code}`, () => {
      const request = { ...REQUEST, service, operation };
      const failure = failureOf(request, answer({ body: { __type: awsCode } }));
      assert.equal(failure.code, code);
      assert.equal(failure.retryable, isRetryable);
      assert.equal(failure.awsCode, awsCode);
      assert.equal(failure.operation, operation);
      assert.equal(failure.httpStatus, 400);
    });
  }

  const places: readonly [string, Parameters<typeof answer>[0]][] = [
    ["__type", { body: { __type: "ThrottlingException" } }],
    ["__type with a namespace", {
      body: { __type: "com.amazon.coral.availability#ThrottlingException" },
    }],
    ["x-amzn-errortype", { headers: { "x-amzn-errortype": "ThrottlingException" } }],
    ["x-amzn-errortype with a link", {
      headers: { "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/" },
    }],
    ["x-amzn-errortype beside a page", {
      body: "<html>",
      headers: { "x-amzn-errortype": "ThrottlingException" },
    }],
    ["code", { body: { code: "ThrottlingException" } }],
  ];
  for (const [place, parts] of places) {
    it(`finds the name in ${place}`, () => {
      const failure = failureOf(REQUEST, answer(parts));
      assert.equal(failure.awsCode, "ThrottlingException");
      assert.equal(failure.code, "Throttled");
    });
  }
});

describe("failureOf() by the status", () => {
  const rows: readonly [number, KinsumerErrorCode, boolean][] = [
    [302, "RequestRejected", false],
    [400, "RequestRejected", false],
    [401, "AccessDenied", false],
    [403, "AccessDenied", false],
    [404, "RequestRejected", false],
    [408, "ServiceFailure", true],
    [413, "RequestRejected", false],
    [429, "Throttled", true],
    [499, "RequestRejected", false],
    [500, "ServiceFailure", true],
    [503, "ServiceFailure", true],
    [599, "ServiceFailure", true],
  ];
  for (const [status, code, isRetryable] of rows) {
    it(`calls a nameless ${status} ${code}`, () => {
      for (const body of ["", "{}", "null", "[]", "<html>", '"text"', '{"__type":7}']) {
        const failure = failureOf(REQUEST, answer({ status, body }));
        assert.equal(failure.code, code);
        assert.equal(failure.retryable, isRetryable);
        assert.equal(failure.awsCode, undefined);
        assert.equal(failure.httpStatus, status);
      }
    });
  }

  it("lets the name of a throttle decide over a 500", () => {
    const throttle = { __type: "ThrottlingException" };
    assert.equal(failureOf(REQUEST, answer({ status: 500, body: throttle })).code, "Throttled");
  });

  it("lets an unknown name of a 500 stand as a ServiceFailure", () => {
    const failure = failureOf(REQUEST, answer({ status: 500, body: { __type: "Oops" } }));
    assert.equal(failure.code, "ServiceFailure");
    assert.equal(failure.awsCode, "Oops");
  });
});

describe("failureOf() says", () => {
  it("what was called, on what, and how it failed", () => {
    const request = { ...REQUEST, operation: "ListShards", subject: 'stream "orders"' };
    const body = { __type: "LimitExceededException", message: "Rate exceeded" };
    assert.equal(
      failureOf(request, answer({ body })).message,
      'Cannot call "ListShards" on stream "orders": the service asks to slow down ' +
        "(LimitExceededException, HTTP 400 from kinesis.eu-west-1.amazonaws.com)",
    );
    assert.equal(
      failureOf(REQUEST, answer({ status: 502 })).message,
      'Cannot call "GetRecords": the service failed (HTTP 502 from kinesis.eu-west-1.amazonaws.com)',
    );
  });

  it("which permission is missing, in the service's words", () => {
    const words = "User: arn:aws:iam::1:user/a is not authorized to perform: kinesis:GetRecords";
    for (const field of ["message", "Message"]) {
      const body = { __type: "AccessDeniedException", [field]: words };
      const { message } = failureOf(REQUEST, answer({ body }));
      assert.ok(message.endsWith(`amazonaws.com): ${words}`), message);
    }
  });

  it("the request's ID, by either header", () => {
    for (const name of ["x-amzn-requestid", "x-amz-request-id"]) {
      assert.equal(failureOf(REQUEST, answer({ headers: { [name]: "id" } })).requestId, "id");
    }
    assert.equal(failureOf(REQUEST, answer({})).requestId, undefined);
  });

  it("nothing else of the answer, whatever it holds", () => {
    const names = fc.constantFrom(
      ...NAMED.map(([name]) => name).filter((name) => !/Access/.test(name)),
    );
    fc.assert(fc.property(names, fc.integer({ min: 300, max: 599 }), (__type, status) => {
      const body = { __type, message: "hush", Message: "hush", detail: { deep: "hush" } };
      const failure = failureOf(REQUEST, answer({ status, body }));
      assert.doesNotMatch(inspect(failure, { depth: 9 }), /hush/);
    }));
  });

  it("no name that could not be one", () => {
    for (const __type of ["hush hush", "hush\n", "x#hush?", "", `h${"u".repeat(200)}sh`]) {
      const failure = failureOf(REQUEST, answer({ body: { __type } }));
      assert.equal(failure.awsCode, undefined);
      assert.doesNotMatch(failure.message, /hu/);
    }
  });
});

describe("what may mend a failure", () => {
  const rows: readonly [string, boolean, boolean][] = [
    ["InvalidSignatureException", true, false],
    ["SignatureDoesNotMatch", true, false],
    ["RequestExpired", true, false],
    ["RequestTimeTooSkewed", true, false],
    ["RequestInTheFuture", true, false],
    ["ExpiredToken", false, true],
    ["ExpiredTokenException", false, true],
    ["UnrecognizedClientException", false, true],
    ["InvalidClientTokenId", false, true],
    ["AccessDeniedException", false, false],
    ["ValidationException", false, false],
  ];
  for (const [awsCode, byClock, byCredentials] of rows) {
    it(`${awsCode}: the right time ${byClock}, newer credentials ${byCredentials}`, () => {
      const failure = failureOf(REQUEST, answer({ body: { __type: awsCode } }));
      assert.equal(maySkewExplain(failure), byClock);
      assert.equal(mayNewCredentialsHelp(failure), byCredentials);
    });
  }
});
