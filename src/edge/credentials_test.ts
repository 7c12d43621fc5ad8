/**
 * Contract: credentials at the edge come from where the options say, are asked for once until they are
 * about to expire or were refused, and are told by nobody's error.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedClock } from "../../testing/simulation/clock.ts";
import type { Credentials } from "../aws/credentials.ts";
import { createEdgeCredentials } from "./credentials.ts";

const KEYS = { accessKeyId: "AKIA", secretAccessKey: "hidden" };

function world(variables: Readonly<Record<string, string>> = {}) {
  const timeline = createSimulatedClock({ startMs: 1_700_000_000_000 });
  const runtime = { clock: timeline.clock, env: (name: string) => variables[name] };
  return { timeline, runtime };
}

describe("createEdgeCredentials()", () => {
  it("gives those that were given, and refuses what is none without showing it", async () => {
    const { runtime } = world();
    assert.equal(await createEdgeCredentials({ credentials: KEYS, runtime }).get(), KEYS);
    const credentials = { accessKeyId: "AKIA", secretAccessKey: "hid den" };
    assert.throws(
      () => createEdgeCredentials({ credentials, runtime }),
      (error: unknown) => error instanceof TypeError && !/hid den/.test(error.message),
    );
  });

  it("reads the environment, and says what is missing there", async () => {
    const variables = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "hidden" };
    const { accessKeyId } = await createEdgeCredentials(world(variables)).get();
    assert.equal(accessKeyId, "AKIA");
    await assert.rejects(createEdgeCredentials(world()).get(), {
      code: "CredentialsMissing",
      retryable: false,
      message: /AWS_ACCESS_KEY_ID/,
    });
  });

  it("asks a provider once, again before they expire, and by force after a refusal", async () => {
    const { timeline, runtime } = world();
    const asked: (boolean | undefined)[] = [];
    const credentials = (options?: { readonly forceRefresh?: boolean }): Promise<Credentials> => {
      asked.push(options?.forceRefresh);
      const expiration = new Date(runtime.clock.nowMs() + 600_000);
      return Promise.resolve({ ...KEYS, expiration });
    };
    const source = createEdgeCredentials({ credentials, runtime });
    const [one, other] = await Promise.all([source.get(), source.get()]);
    assert.equal(one, other);
    await timeline.advance(539_000);
    assert.equal(await source.get(), one);
    await timeline.advance(2_000);
    assert.notEqual(await source.get(), one);
    source.invalidate();
    await source.get();
    await source.get();
    assert.deepEqual(asked, [undefined, undefined, true]);
  });

  it("asks again after a failure, and after a provider that hangs; nobody waits beyond his signal", async () => {
    const { timeline, runtime } = world();
    let calls = 0;
    const credentials = (): Promise<Credentials> => {
      calls++;
      if (calls === 1) return Promise.reject(new Error("the vault is closed"));
      return calls === 2 ? new Promise(() => {}) : Promise.resolve(KEYS);
    };
    const source = createEdgeCredentials({ credentials, runtime });
    await assert.rejects(source.get(), { code: "CredentialsMissing", retryable: true });
    const giveUp = new AbortController();
    const waiting = source.get(giveUp.signal);
    giveUp.abort(new Error("long enough"));
    await assert.rejects(waiting, /long enough/);
    await timeline.advance(61_000);
    assert.equal(await source.get(), KEYS);
  });

  it("does not ask for each request where a provider gives what has all but expired", async () => {
    const { runtime } = world();
    let calls = 0;
    const credentials = (): Promise<Credentials> => {
      calls++;
      return Promise.resolve({ ...KEYS, expiration: new Date(runtime.clock.nowMs() + 5_000) });
    };
    const source = createEdgeCredentials({ credentials, runtime });
    await source.get();
    await source.get();
    assert.equal(calls, 1);
  });

  it("asks a provider once where several requests are refused with the same credentials", async () => {
    const { runtime } = world();
    let calls = 0;
    const credentials = (): Promise<Credentials> => {
      calls++;
      return Promise.resolve({ ...KEYS });
    };
    const source = createEdgeCredentials({ credentials, runtime });
    const refused = await source.get();
    source.invalidate(refused);
    const fresh = await source.get();
    source.invalidate(refused);
    assert.equal(await source.get(), fresh);
    assert.equal(calls, 2);
  });
});
