/**
 * The contract: requests are signed with credentials that are still good; a provider is asked once
 * at a time, in time, and again when the service refused what it gave; and no secret is visible in
 * anything of ours.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { ManualClock, scriptedRuntime } from "../../testing/wire_doubles.ts";
import { KinsumerError } from "../errors.ts";
import {
  createCredentialsSource,
  type Credentials,
  type CredentialsProvider,
  type CredentialsSource,
} from "./credentials.ts";

const MINUTE_MS = 60_000;
const FIXED = { accessKeyId: "AKIDFIXED", secretAccessKey: "secret-fixed" };

/** A provider that numbers what it gives. */
class Provider {
  readonly calls: unknown[] = [];
  /** Milliseconds from now; absent: never expires. */
  lifetimeMs: number | undefined;
  failure: Error | undefined;
  gate: Promise<void> = Promise.resolve();
  readonly #clock: ManualClock;

  constructor(clock: ManualClock, lifetimeMs?: number) {
    this.#clock = clock;
    this.lifetimeMs = lifetimeMs;
  }

  readonly provide: CredentialsProvider = async (options) => {
    const count = this.calls.push(options);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const { lifetimeMs } = this;
    return {
      accessKeyId: `AKID${count}`,
      secretAccessKey: `secret-${count}`,
      expiration: lifetimeMs === undefined ? undefined : new Date(this.#clock.nowMs() + lifetimeMs),
    };
  };
}

function provided(lifetimeMs?: number): {
  readonly clock: ManualClock;
  readonly provider: Provider;
  readonly source: CredentialsSource;
  /** The access key ID that the source gives now. */
  keyId(): Promise<string>;
} {
  const clock = new ManualClock();
  const provider = new Provider(clock, lifetimeMs);
  const runtime = scriptedRuntime({ clock });
  const source = createCredentialsSource({ credentials: provider.provide, runtime });
  return { clock, provider, source, keyId: async () => (await source.get()).accessKeyId };
}

/** Lets promises that are settled have their effects. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function codeOf(error: unknown): string | undefined {
  return error instanceof KinsumerError ? error.code : undefined;
}

describe("createCredentialsSource() with fixed credentials", () => {
  it("gives them, whatever is said of them", async () => {
    const source = createCredentialsSource({ credentials: FIXED, runtime: scriptedRuntime({}) });
    const given = await source.get();
    assert.equal(given.accessKeyId, FIXED.accessKeyId);
    assert.equal(given.secretAccessKey, FIXED.secretAccessKey);
    assert.equal(given.sessionToken, undefined);
    source.invalidate();
    assert.equal((await source.get()).accessKeyId, FIXED.accessKeyId);
  });

  const flawed: readonly [string, unknown][] = [
    ["nothing", null],
    ["text", "AKID:secret"],
    ["no secret", { accessKeyId: "AKID" }],
    ["an empty key", { ...FIXED, accessKeyId: "" }],
    ["a secret with a line break", { ...FIXED, secretAccessKey: "hush-hush\n" }],
    ["a token with a space", { ...FIXED, sessionToken: "hush hush" }],
    ["a token that is a number", { ...FIXED, sessionToken: 7 }],
    ["an expiration that is no Date", { ...FIXED, expiration: "hush" }],
  ];
  for (const [what, credentials] of flawed) {
    it(`refuses ${what} with a TypeError that quotes no value`, () => {
      const make = (): unknown =>
        createCredentialsSource({
          credentials: credentials as Credentials,
          runtime: scriptedRuntime({}),
        });
      assert.throws(make, (error) => {
        assert.ok(error instanceof TypeError, "not a TypeError");
        assert.match(error.message, /^Cannot use the given credentials: /);
        assert.doesNotMatch(error.message, /hush|AKID|secret-fixed/);
        return true;
      });
    });
  }

  it("takes an empty session token for none", async () => {
    const credentials = { ...FIXED, sessionToken: "" };
    const source = createCredentialsSource({ credentials, runtime: scriptedRuntime({}) });
    assert.equal((await source.get()).sessionToken, undefined);
  });
});

describe("createCredentialsSource() with the environment", () => {
  function fromEnvironment(env: Record<string, string>): CredentialsSource {
    const runtime = scriptedRuntime({ clock: new ManualClock(), env: (name) => env[name] });
    return createCredentialsSource({ runtime });
  }

  it("reads the three variables once, and again after a refusal", async () => {
    const env: Record<string, string> = {
      AWS_ACCESS_KEY_ID: "AKIDENV",
      AWS_SECRET_ACCESS_KEY: "secret-env",
      AWS_SESSION_TOKEN: "token-env",
    };
    const source = fromEnvironment(env);
    const first = await source.get();
    assert.equal(first.accessKeyId, "AKIDENV");
    assert.equal(first.secretAccessKey, "secret-env");
    assert.equal(first.sessionToken, "token-env");
    env["AWS_SESSION_TOKEN"] = "token-new";
    assert.equal((await source.get()).sessionToken, "token-env");
    source.invalidate(first);
    assert.equal((await source.get()).sessionToken, "token-new");
  });

  for (const missing of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
    it(`says what to do when ${missing} is not set`, async () => {
      const env: Record<string, string> = {
        AWS_ACCESS_KEY_ID: "AKIDENV",
        AWS_SECRET_ACCESS_KEY: "secret-env",
      };
      delete env[missing];
      await assert.rejects(fromEnvironment(env).get(), (error) => {
        assert.equal(codeOf(error), "CredentialsMissing");
        assert.match(String(error), /option `credentials`.*"AWS_ACCESS_KEY_ID"/);
        assert.doesNotMatch(inspect(error), /secret-env|AKIDENV/);
        return true;
      });
    });
  }

  it("quotes no value when a variable has a line break in it", async () => {
    const env = { AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "secret-env\n" };
    await assert.rejects(fromEnvironment(env).get(), (error) => {
      assert.equal(codeOf(error), "CredentialsMissing");
      assert.match(String(error), /"secretAccessKey" contains a space/);
      assert.doesNotMatch(inspect(error), /secret-env/);
      return true;
    });
  });
});

describe("createCredentialsSource() with a provider", () => {
  it("asks once when many ask at the same time, and then not again", async () => {
    const { provider, keyId } = provided();
    const all = await Promise.all(Array.from({ length: 20 }, keyId));
    assert.deepEqual(new Set(all), new Set(["AKID1"]));
    assert.equal(await keyId(), "AKID1");
    assert.deepEqual(provider.calls, [undefined]);
  });

  it("asks anew five minutes before the expiration, and makes nobody wait for it", async () => {
    const { clock, provider, keyId } = provided(60 * MINUTE_MS);
    await keyId();
    clock.advance(55 * MINUTE_MS - 1);
    assert.equal(await keyId(), "AKID1");
    await settle();
    assert.equal(provider.calls.length, 1);
    clock.advance(1);
    assert.equal(await keyId(), "AKID1");
    await settle();
    assert.equal(await keyId(), "AKID2");
    assert.equal(provider.calls.length, 2);
  });

  it("asks anew in the last quarter of a lifetime shorter than that", async () => {
    const { clock, provider, keyId } = provided(4 * MINUTE_MS);
    await keyId();
    clock.advance(3 * MINUTE_MS - 1);
    await keyId();
    await settle();
    assert.equal(provider.calls.length, 1);
    clock.advance(1);
    await keyId();
    await settle();
    assert.equal(await keyId(), "AKID2");
  });

  it("waits for new ones once the old have expired", async () => {
    const { clock, keyId } = provided(60 * MINUTE_MS);
    await keyId();
    clock.advance(60 * MINUTE_MS);
    assert.equal(await keyId(), "AKID2");
  });

  it("keeps the old ones while they are good and a refresh fails, and tries again later", async () => {
    const { clock, provider, keyId } = provided(60 * MINUTE_MS);
    await keyId();
    provider.failure = new Error("no route to the provider");
    clock.advance(56 * MINUTE_MS);
    assert.equal(await keyId(), "AKID1");
    await settle();
    assert.equal(await keyId(), "AKID1");
    assert.equal(provider.calls.length, 2, "no second try at once");
    provider.failure = undefined;
    clock.advance(30_000);
    assert.equal(await keyId(), "AKID1");
    await settle();
    assert.equal(await keyId(), "AKID3");
  });

  it("rejects when a refresh fails and the old ones have expired, and asks again next time", async () => {
    const { clock, provider, keyId } = provided(60 * MINUTE_MS);
    await keyId();
    const failure = provider.failure = new Error("no route to the provider");
    clock.advance(60 * MINUTE_MS);
    await assert.rejects(keyId(), (error) => {
      assert.ok(error instanceof KinsumerError, "not a KinsumerError");
      assert.equal(error.code, "CredentialsMissing");
      assert.equal(error.retryable, true);
      assert.equal(error.cause, failure);
      return true;
    });
    provider.failure = undefined;
    assert.equal(await keyId(), "AKID3");
  });

  it("asks a provider whose credentials have always just expired no more than once a second", async () => {
    const { clock, provider, keyId } = provided(-MINUTE_MS);
    for (let i = 0; i < 10; i++) await keyId();
    assert.equal(provider.calls.length, 1);
    clock.advance(1_000);
    assert.equal(await keyId(), "AKID2");
  });

  it("asks with forceRefresh after a refusal, until it has been answered", async () => {
    const { provider, source, keyId } = provided();
    source.invalidate(await source.get());
    provider.failure = new Error("not now");
    await assert.rejects(keyId());
    provider.failure = undefined;
    assert.equal(await keyId(), "AKID3");
    source.invalidate();
    assert.equal(await keyId(), "AKID4");
    const forced = { forceRefresh: true };
    assert.deepEqual(provider.calls, [undefined, forced, forced, forced]);
  });

  it("asks without it when the new ones expire in their turn", async () => {
    const { clock, provider, source, keyId } = provided(60 * MINUTE_MS);
    await keyId();
    source.invalidate();
    await keyId();
    clock.advance(60 * MINUTE_MS);
    assert.equal(await keyId(), "AKID3");
    assert.deepEqual(provider.calls, [undefined, { forceRefresh: true }, undefined]);
  });

  it("keeps the new ones when a late refusal is of the old", async () => {
    const { provider, source, keyId } = provided();
    const old = await source.get();
    source.invalidate(old);
    assert.equal(await keyId(), "AKID2");
    source.invalidate(old);
    assert.equal(await keyId(), "AKID2");
    assert.equal(provider.calls.length, 2);
  });

  it("lets one caller give up while the others go on waiting", async () => {
    const { provider, source, keyId } = provided();
    let open = (): void => {};
    provider.gate = new Promise((resolve) => open = resolve);
    const controller = new AbortController();
    const impatient = source.get(controller.signal);
    const patient = keyId();
    controller.abort("stopping");
    await assert.rejects(impatient, (error) => error === "stopping");
    open();
    assert.equal(await patient, "AKID1");
    await assert.rejects(source.get(controller.signal), (error) => error === "stopping");
  });

  it("asks again where a provider has not answered for a minute", async () => {
    const { clock, provider, keyId } = provided(60 * MINUTE_MS);
    clock.advance(10 * MINUTE_MS);
    provider.gate = new Promise(() => {});
    const stuck = keyId();
    clock.advance(MINUTE_MS - 1);
    const stuckToo = keyId();
    await settle();
    assert.equal(provider.calls.length, 1);
    provider.gate = Promise.resolve();
    clock.advance(1);
    assert.equal(await keyId(), "AKID2");
    assert.equal(provider.calls.length, 2);
    void Promise.allSettled([stuck, stuckToo]);
  });

  it("takes what comes late, unless there is something newer", async () => {
    const { clock, provider, source, keyId } = provided(60 * MINUTE_MS);
    const opens: (() => void)[] = [];
    provider.gate = new Promise((resolve) => opens.push(resolve));
    const late = keyId();
    clock.advance(2 * MINUTE_MS);
    provider.gate = new Promise((resolve) => opens.push(resolve));
    const second = keyId();
    await settle();
    opens[0]?.();
    assert.equal(await late, "AKID1");
    assert.equal(await keyId(), "AKID1", "nobody has to wait for the second");
    opens[1]?.();
    assert.equal(await second, "AKID2");
    assert.equal(await keyId(), "AKID1", "what is held is good");
    source.invalidate();
    assert.equal(await keyId(), "AKID3");
  });

  it("refuses what is not credentials, quoting nothing", async () => {
    const provide = (): Promise<Credentials> =>
      Promise.resolve({ accessKeyId: "", secretAccessKey: "hush" });
    const runtime = scriptedRuntime({ clock: new ManualClock() });
    const source = createCredentialsSource({ credentials: provide, runtime });
    await assert.rejects(source.get(), (error) => {
      assert.equal(codeOf(error), "CredentialsMissing");
      assert.doesNotMatch(inspect(error), /hush/);
      return true;
    });
  });
});

/** Every way to look into an object that a runtime has. */
function views(object: object): string {
  const { Deno, Bun } = globalThis as {
    Deno?: { inspect(value: unknown, options: object): string };
    Bun?: { inspect(value: unknown, options: object): string };
  };
  return [
    inspect(object, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(object),
    String(object),
    JSON.stringify(Object.getOwnPropertyNames(object).map((name) => Reflect.get(object, name))),
    Deno?.inspect(object, { depth: 20, showHidden: true, getters: true }) ?? "",
    Bun?.inspect(object, { depth: 20 }) ?? "",
  ].join("\n");
}

describe("what the credentials of a source show", () => {
  const secret = { ...FIXED, sessionToken: "token-fixed", expiration: new Date("2040-01-01") };
  const sources: readonly [string, () => CredentialsSource][] = [
    ["fixed", () => createCredentialsSource({ credentials: secret, runtime: scriptedRuntime({}) })],
    ["provided", () => {
      const runtime = scriptedRuntime({ clock: new ManualClock() });
      return createCredentialsSource({ credentials: () => Promise.resolve(secret), runtime });
    }],
  ];

  it("would be seen by these tests, were it there", () => {
    assert.match(views({ deep: { down: secret } }), /AKIDFIXED[^]*secret-fixed[^]*token-fixed/);
  });

  for (const [kind, make] of sources) {
    it(`is nothing, however a source of ${kind} credentials is looked at`, async () => {
      const source = make();
      const given = await source.get();
      assert.equal(given.secretAccessKey, "secret-fixed");
      for (const object of [source, given]) {
        assert.doesNotMatch(views(object), /AKIDFIXED|secret-fixed|token-fixed/);
      }
    });
  }
});
