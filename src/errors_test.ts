/**
 * Contract: an error has what is known of the failure, and nothing else: whoever prints it reads no
 * list of what is missing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { isKinsumerError, KinsumerError } from "./errors.ts";

describe("KinsumerError", () => {
  it("has the facts that it was given, as fields", () => {
    const facts = {
      operation: "GetRecords",
      awsCode: "Oops",
      httpStatus: 400,
      requestId: "request-1",
      shardId: "shardId-0",
      sequenceNumber: "7",
      retryable: true,
    };
    const cause = new Error("underneath");
    const error = new KinsumerError("ServiceFailure", "Cannot go on", { ...facts, cause });
    assert.deepEqual({ ...error }, { name: "KinsumerError", code: "ServiceFailure", ...facts });
    assert.deepEqual([error.message, error.cause], ["Cannot go on", cause]);
    assert.ok(isKinsumerError(error), "it is one");
  });

  it("has no field for what is not known", () => {
    const error = new KinsumerError("ServiceFailure", "Cannot go on", { shardId: undefined });
    assert.deepEqual(Object.keys(error).sort(), ["code", "name", "retryable"]);
    assert.equal(error.shardId, undefined);
    assert.equal(error.retryable, false);
    assert.doesNotMatch(inspect(error), /undefined/);
  });

  it("takes no other field from whoever is not held to types", () => {
    const facts = { message: "another", stack: "none", secret: "hush" } as Record<string, unknown>;
    const error = new KinsumerError("ServiceFailure", "Cannot go on", facts);
    assert.deepEqual([error.message, "secret" in error], ["Cannot go on", false]);
  });
});
