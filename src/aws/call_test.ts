/**
 * The contract: a call is one signed request, bounded in time from the credentials to the last byte
 * of the answer, whose failure says what it means and shows no secret. It is signed again when our
 * clock was wrong, and when there are newer credentials; never more.
 */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import {
  answers,
  answersWithBody,
  breaks,
  hangs,
  ManualClock,
  type Script,
  ScriptedFetch,
  scriptedRuntime,
  untilAbort,
} from "../../testing/wire_doubles.ts";
import { KinsumerError } from "../errors.ts";
import { RawAnswer } from "./answers.ts";
import { type AwsCall, createAwsCall } from "./call.ts";
import { encodeCbor } from "./cbor.ts";
import { createCredentialsSource, type Credentials } from "./credentials.ts";
import { rawExchange } from "./raw_exchange.ts";
import { createSigner, formatAmzDate } from "./signing.ts";

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-example" };
const TARGET = "Kinesis_20131202.ListShards";
const URL_OF = {
  kinesis: "https://kinesis.eu-west-1.amazonaws.com/",
  dynamodb: "http://[::1]:8000/",
};
const HOUR_MS = 3_600_000;

interface World {
  readonly call: AwsCall;
  readonly clock: ManualClock;
  readonly network: ScriptedFetch;
}

function world(
  scripts: readonly Script[],
  options: {
    readonly service?: "kinesis" | "dynamodb";
    readonly credentials?: Credentials | (() => Promise<Credentials>);
  } = {},
): World {
  const { service = "kinesis", credentials: given = KEYS } = options;
  const clock = new ManualClock();
  const network = new ScriptedFetch(...scripts);
  const runtime = scriptedRuntime({ clock, fetch: network.fetch });
  const credentials = createCredentialsSource({ credentials: given, runtime });
  const region = "eu-west-1";
  const config = { service, endpoint: URL_OF[service], region, credentials, runtime };
  return { call: createAwsCall({ ...config, timeoutMs: 1_000 }), clock, network };
}

/** A refusal as the services write it. */
function refusal(awsCode: string, headers: Record<string, string> = {}): Script {
  const body = { __type: `com.amazonaws.kinesis.v20131202#${awsCode}`, message: "words" };
  return answers({ status: 400, body, headers: { "x-amzn-requestid": "request-1", ...headers } });
}

function dateAt(nowMs: number): Record<string, string> {
  return { date: new Date(nowMs).toUTCString() };
}

async function failureOf(work: Promise<unknown>): Promise<KinsumerError> {
  const error = await work.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof KinsumerError, `not a KinsumerError: ${inspect(error)}`);
  return error;
}

function signedAt(network: ScriptedFetch): readonly (string | undefined)[] {
  return network.requests.map(({ headers }) => headers["x-amz-date"]);
}

function signedBy(network: ScriptedFetch): readonly (string | undefined)[] {
  return network.requests.map(({ headers }) =>
    /Credential=(\w+)\//.exec(headers["authorization"] ?? "")?.[1]
  );
}

describe("createAwsCall() sends", () => {
  for (const service of ["kinesis", "dynamodb"] as const) {
    it(`a ${service} request with exactly the headers and the signature of the signer`, async () => {
      const credentials = { ...KEYS, sessionToken: "token-example" };
      const { call, clock, network } = world([answers({ body: {} })], { service, credentials });
      const input = { Text: "naïve — ☃", Number: 1.5 };
      await call("Some_20131202.Operation", input);
      const version = service === "kinesis" ? "1.1" : "1.0";
      const contentType = `application/x-amz-json-${version}`;
      const headers = { "content-type": contentType, "x-amz-target": "Some_20131202.Operation" };
      const body = JSON.stringify(input);
      const sign = createSigner({ url: URL_OF[service], service, region: "eu-west-1" });
      const signed = await sign({ headers, body, credentials, nowMs: clock.nowMs() });
      const [request] = network.requests;
      assert.equal(network.requests.length, 1);
      assert.equal(request?.method, "POST");
      assert.equal(request?.url, URL_OF[service]);
      assert.equal(request?.body, body);
      assert.deepEqual(request?.headers, signed.headers);
      assert.deepEqual(Object.keys(request?.headers ?? {}).sort(), [
        "authorization",
        "content-type",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-target",
      ]);
    });
  }

  it("nothing to an endpoint that is not a URL", () => {
    const runtime = scriptedRuntime({});
    const credentials = createCredentialsSource({ credentials: KEYS, runtime });
    const config = { service: "kinesis", region: "eu-west-1", credentials, runtime } as const;
    const make = (): AwsCall => createAwsCall({ ...config, endpoint: "nowhere", timeoutMs: 1 });
    assert.throws(make, TypeError);
  });
});

describe("createAwsCall() resolves", () => {
  it("to the answer's document", async () => {
    const { call } = world([answers({ body: { Shards: [{ ShardId: "s" }] } })]);
    assert.deepEqual(await call(TARGET, {}), { Shards: [{ ShardId: "s" }] });
  });

  it("to undefined when the answer is empty", async () => {
    const { call } = world([answers({ body: "" })]);
    assert.equal(await call("Kinesis_20131202.DeleteStream", {}), undefined);
  });
});

describe("createAwsCall() in a wire of its caller's", () => {
  it("asks in it, and hands the answer over unread", async () => {
    const headers = { "content-type": "application/x-amz-cbor-1.1" };
    const { call, network } = world([answers({ body: "as it came", headers })]);
    const answer = await call(TARGET, { Limit: 1 }, { raw: rawExchange("cbor") });
    assert.ok(answer instanceof RawAnswer, "it was read");
    assert.equal(answer.wire, "cbor");
    assert.equal(new TextDecoder().decode(answer.bytes), "as it came");
    const [request] = network.requests;
    assert.equal(request?.headers["content-type"], "application/x-amz-cbor-1.1");
    assert.deepEqual(request?.body, encodeCbor({ Limit: 1 }));
  });

  it("takes for JSON what does not say that it is CBOR, and asks in it", async () => {
    const { call, network } = world([answers({ body: "{}" })]);
    const answer = await call(TARGET, { Limit: 1 }, { raw: rawExchange("json") });
    assert.ok(answer instanceof RawAnswer, "it was read");
    assert.equal(answer.wire, "json");
    assert.equal(network.requests[0]?.body, '{"Limit":1}');
  });
});

describe("createAwsCall() is given up", () => {
  const stages: readonly [string, Parameters<typeof world>][] = [
    ["before the answer", [[hangs()]]],
    ["by a fetch that ignores its signal", [[() => new Promise(() => {})]]],
    ["within the body", [[answersWithBody(200, untilAbort)]]],
    ["within the body of a failure", [[answersWithBody(500, untilAbort)]]],
  ];
  for (const [stage, parts] of stages) {
    it(`with RequestTimeout when the time is over ${stage}`, async () => {
      const { call, clock, network } = world(...parts);
      const failing = failureOf(call(TARGET, { StreamName: "orders" }));
      await network.requested(1);
      clock.advance(999);
      assert.equal(clock.sleeping, 1);
      clock.advance(1);
      const failure = await failing;
      assert.equal(failure.code, "RequestTimeout");
      assert.equal(failure.retryable, true);
      assert.equal(failure.operation, "ListShards");
      assert.equal(
        failure.message,
        'Cannot call "ListShards" on stream "orders": no answer from ' +
          "kinesis.eu-west-1.amazonaws.com within 1000 ms",
      );
      assert.equal(clock.sleeping, 0);
    });

    it(`with the caller's reason when the caller aborts ${stage}`, async () => {
      const { call, clock, network } = world(...parts);
      const controller = new AbortController();
      const reason = new Error("stopping");
      const rejecting = assert.rejects(
        call(TARGET, {}, { signal: controller.signal }),
        (error) => error === reason,
      );
      await network.requested(1);
      controller.abort(reason);
      await rejecting;
      assert.equal(clock.sleeping, 0);
      assert.equal(getEventListeners(controller.signal, "abort").length, 0);
    });
  }

  it("with RequestTimeout when the credentials do not come", async () => {
    const { call, clock, network } = world([], { credentials: () => new Promise(() => {}) });
    const failing = failureOf(call(TARGET, {}));
    clock.advance(1_000);
    const failure = await failing;
    assert.equal(failure.code, "RequestTimeout");
    assert.match(failure.message, /: no credentials within 1000 ms$/);
    assert.equal(network.requests.length, 0);
  });

  it("after the call's own timeout, where it has one", async () => {
    const { call, clock, network } = world([hangs()]);
    const failing = failureOf(call(TARGET, {}, { timeoutMs: 50 }));
    await network.requested(1);
    clock.advance(50);
    assert.match((await failing).message, /within 50 ms$/);
  });

  it("without a request when the signal had aborted", async () => {
    const { call, network } = world([]);
    const options = { signal: AbortSignal.abort("stopped") };
    await assert.rejects(call(TARGET, {}, options), (error) => error === "stopped");
    assert.equal(network.requests.length, 0);
  });

  it("leaves no timer and no listener after success, refusal and network failure", async () => {
    const scripts = [answers({ body: {} }), refusal("ValidationException"), breaks()];
    const { call, clock } = world(scripts);
    const { signal } = new AbortController();
    for (let i = 0; i < scripts.length; i++) await call(TARGET, {}, { signal }).catch(() => {});
    assert.equal(clock.sleeps.length, scripts.length);
    assert.equal(clock.sleeping, 0);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });
});

describe("createAwsCall() calls it a NetworkFailure", () => {
  const causes = [
    new TypeError("fetch failed"),
    new Error("the operation was aborted"),
    Object.assign(new Error("timed out"), { name: "TimeoutError" }),
    "not even an Error",
  ];
  for (const cause of causes) {
    it(`when fetch rejects and nobody aborted, whatever it says: ${cause}`, async () => {
      const failure = await failureOf(world([breaks(cause)]).call(TARGET, {}));
      assert.equal(failure.code, "NetworkFailure");
      assert.equal(failure.retryable, true);
      assert.equal(failure.cause, cause);
      assert.equal(
        failure.message,
        'Cannot call "ListShards": the network to kinesis.eu-west-1.amazonaws.com failed',
      );
    });
  }

  for (const status of [200, 400, 503]) {
    it(`when the body of a ${status} breaks off`, async () => {
      const cause = new Error("socket closed");
      const script = answersWithBody(status, () => Promise.reject(cause));
      const failure = await failureOf(world([script]).call(TARGET, {}));
      assert.equal(failure.code, "NetworkFailure");
      assert.equal(failure.cause, cause);
    });
  }
});

describe("createAwsCall() calls it a MalformedAnswer", () => {
  it("when a success is not JSON, and quotes nothing of it", async () => {
    const script = answers({ body: "<html>record-data", headers: { "x-amzn-requestid": "r" } });
    const failure = await failureOf(world([script]).call(TARGET, {}));
    assert.equal(failure.code, "MalformedAnswer");
    assert.equal(failure.retryable, true);
    assert.equal(failure.requestId, "r");
    assert.doesNotMatch(inspect(failure, { depth: 9 }), /record-data/);
  });
});

describe("createAwsCall() corrects its clock", () => {
  const skewed = ["InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed"];
  for (const awsCode of skewed) {
    it(`after ${awsCode}, signs once more, and signs right from then on`, async () => {
      const ourMs = new ManualClock().nowMs();
      const theirMs = ourMs + HOUR_MS;
      const done = answers({ body: {} });
      const { call, clock, network } = world([refusal(awsCode, dateAt(theirMs)), done, done]);
      await call(TARGET, {});
      clock.advance(60_000);
      await call(TARGET, {});
      const dates = [ourMs, theirMs, theirMs + 60_000].map(formatAmzDate);
      assert.deepEqual(signedAt(network), dates);
    });
  }

  for (const [skewMs, count] of [[10_000, 1], [11_000, 2], [-10_000, 1], [-11_000, 2]] as const) {
    it(`${count === 2 ? "when" : "not when"} the service's differs by ${skewMs} ms`, async () => {
      const theirs = dateAt(new ManualClock().nowMs() + skewMs);
      const scripts = [refusal("InvalidSignatureException", theirs), answers({ body: {} })];
      const { call, network } = world(scripts);
      await call(TARGET, {}).catch(() => {});
      assert.equal(network.requests.length, count);
    });
  }

  it("only once a call: the second refusal stands", async () => {
    const start = new ManualClock().nowMs();
    const refusals = [1, 2, 3].map((n) => refusal("RequestExpired", dateAt(start + n * HOUR_MS)));
    const { call, network } = world(refusals);
    assert.equal((await failureOf(call(TARGET, {}))).code, "CredentialsRejected");
    assert.equal(network.requests.length, 2);
  });

  it("not where the last correction still holds: that is refused for another reason", async () => {
    const start = new ManualClock().nowMs();
    const skew = refusal("RequestExpired", dateAt(start + HOUR_MS));
    const { call, network } = world([skew, answers({ body: {} }), skew, answers({ body: {} })]);
    await call(TARGET, {});
    assert.equal((await failureOf(call(TARGET, {}))).code, "CredentialsRejected");
    assert.equal(network.requests.length, 3);
  });

  it("for every call that was signed before the correction", async () => {
    const start = new ManualClock().nowMs();
    const skew = refusal("RequestExpired", dateAt(start + HOUR_MS));
    const done = answers({ body: {} });
    const both: Script = (request) => network.requested(2).then(() => skew(request));
    const { call, network } = world([both, both, done, done]);
    await Promise.all([call(TARGET, {}), call(TARGET, {})]);
    assert.equal(network.requests.length, 4);
  });

  it("again when our clock is set right", async () => {
    const start = new ManualClock().nowMs();
    const done = answers({ body: {} });
    const skew = refusal("RequestExpired", dateAt(start + HOUR_MS));
    const { call, clock, network } = world([skew, done, skew, done]);
    await call(TARGET, {});
    clock.advance(HOUR_MS); // the service's hour has not passed: our clock was set
    await call(TARGET, {});
    const dates = [start, start + HOUR_MS, start + 2 * HOUR_MS, start + HOUR_MS].map(formatAmzDate);
    assert.deepEqual(signedAt(network), dates);
  });

  it("not without a Date, with one that is none, or for another failure", async () => {
    const far = dateAt(new ManualClock().nowMs() + HOUR_MS);
    const scripts: readonly Script[] = [
      refusal("RequestExpired"),
      refusal("RequestExpired", { date: "yesterday" }),
      refusal("ValidationException", far),
    ];
    for (const script of scripts) {
      const { call, network } = world([script, answers({ body: {} })]);
      await failureOf(call(TARGET, {}));
      assert.equal(network.requests.length, 1);
    }
  });
});

describe("createAwsCall() gets newer credentials", () => {
  function numbered(): { (): Promise<Credentials>; count: number } {
    const provide = (): Promise<Credentials> => {
      provide.count++;
      return Promise.resolve({ accessKeyId: `AKID${provide.count}`, secretAccessKey: "secret" });
    };
    provide.count = 0;
    return provide;
  }

  const stale = ["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException"];
  for (const awsCode of stale) {
    it(`after ${awsCode}, and tries once more with them`, async () => {
      const scripts = [refusal(awsCode), answers({ body: { ok: true } })];
      const { call, network } = world(scripts, { credentials: numbered() });
      assert.deepEqual(await call(TARGET, {}), { ok: true });
      assert.deepEqual(signedBy(network), ["AKID1", "AKID2"]);
    });
  }

  it("only once a call: the second refusal stands", async () => {
    const refusals = stale.map((awsCode) => refusal(awsCode));
    const { call, network } = world(refusals, { credentials: numbered() });
    const failure = await failureOf(call(TARGET, {}));
    assert.equal(failure.code, "CredentialsRejected");
    assert.equal(failure.awsCode, "ExpiredToken");
    assert.equal(network.requests.length, 2);
  });

  it("not where the source has no others", async () => {
    const { call, network } = world([refusal("ExpiredTokenException")]);
    const failure = await failureOf(call(TARGET, {}));
    assert.equal(failure.code, "CredentialsRejected");
    assert.equal(failure.retryable, false);
    assert.equal(network.requests.length, 1);
  });

  it("once for all calls that were refused together", async () => {
    const refused = refusal("ExpiredTokenException");
    const done = answers({ body: {} });
    const provide = numbered();
    const all: Script = (request) => network.requested(3).then(() => refused(request));
    // The last refusal comes when the others have their newer credentials already.
    const late: Script = (request) => network.requested(5).then(() => refused(request));
    const scripts = [all, all, late, done, done, done];
    const { call, network } = world(scripts, { credentials: provide });
    await Promise.all([call(TARGET, {}), call(TARGET, {}), call(TARGET, {})]);
    assert.equal(network.requests.length, 6);
    assert.equal(provide.count, 2);
  });

  it("and corrects the clock, in one call", async () => {
    const theirMs = new ManualClock().nowMs() + HOUR_MS;
    const scripts = [
      refusal("RequestExpired", dateAt(theirMs)),
      refusal("ExpiredTokenException", dateAt(theirMs)),
      answers({ body: {} }),
    ];
    const { call, network } = world(scripts, { credentials: numbered() });
    await call(TARGET, {});
    assert.deepEqual(signedBy(network), ["AKID1", "AKID1", "AKID2"]);
    assert.equal(signedAt(network)[2], formatAmzDate(theirMs));
  });
});

describe("createAwsCall() shows no secret", () => {
  const credentials = { accessKeyId: "AKIDSHOWN", secretAccessKey: "hush1", sessionToken: "hush2" };
  const echo = (request: { headers: Readonly<Record<string, string>> }): string =>
    JSON.stringify({ __type: "InvalidSignatureException", message: JSON.stringify(request) });
  const scripts: readonly [string, Script][] = [
    ["a refusal that repeats the request", (request) => {
      const { headers } = request;
      return answers({ status: 403, body: echo({ headers }) })(request);
    }],
    ["a network failure", breaks()],
    ["an answer that is not JSON", answers({ body: "hush2" })],
  ];
  for (const [what, script] of scripts) {
    it(`in the error of ${what}`, async () => {
      const { call, network } = world([script], { credentials });
      const failure = await failureOf(call(TARGET, { Secret: "hush3" }));
      assert.equal(network.requests[0]?.headers["x-amz-security-token"], "hush2");
      const shown = inspect(failure, { depth: 20, showHidden: true, getters: true });
      assert.doesNotMatch(shown + JSON.stringify(failure), /hush|AKIDSHOWN/);
    });
  }

  it("in the call itself", () => {
    const { call } = world([], { credentials });
    assert.doesNotMatch(inspect(call, { depth: 20, showHidden: true, getters: true }), /hush|AKID/);
  });
});
