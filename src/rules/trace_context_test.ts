// The contract: the producer's context is found where it was written, and only there; what is not a
// valid trace context, and whatever an extractor throws, is none.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinsumerRecord } from "../model.ts";
import {
  type ContextExtractor,
  parseTraceContext,
  traceContextFromJson,
  traceContextFromPrefix,
} from "./trace_context.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;
const FOUND = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true };

function recordOf(payload: string | Uint8Array): KinsumerRecord {
  const data = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const text = () => new TextDecoder().decode(data);
  return { data, text, json: () => JSON.parse(text()) } as KinsumerRecord;
}

function found(extract: ContextExtractor, payload: string | Uint8Array) {
  return parseTraceContext(extract, recordOf(payload));
}

describe("traceContextFromJson()", () => {
  it("finds a field, or an object that has it", () => {
    const json = (document: unknown) => JSON.stringify(document);
    assert.deepEqual(found(traceContextFromJson(), json({ traceparent: TRACEPARENT })), FOUND);
    const inner = json({ trace: { traceparent: TRACEPARENT } });
    assert.deepEqual(found(traceContextFromJson("trace"), inner), FOUND);
    assert.deepEqual(
      found(traceContextFromJson("trace"), json({ trace: TRACEPARENT })),
      FOUND,
    );
  });

  for (const payload of ["{}", "[]", "null", "7", "not JSON", '{"traceparent":7}']) {
    it(`finds none in ${payload}`, () => {
      assert.equal(found(traceContextFromJson(), payload), undefined);
    });
  }
});

describe("traceContextFromPrefix()", () => {
  const extract = traceContextFromPrefix();

  it("finds the header before the payload", () => {
    for (const end of ["\n", "\r\n"]) {
      assert.deepEqual(found(extract, `traceparent: ${TRACEPARENT}${end}{}`), FOUND);
      const both = `tracestate: a=b${end}TraceParent:${TRACEPARENT}${end}${end}payload`;
      assert.deepEqual(found(extract, both), FOUND);
    }
    const binary = new Uint8Array([
      ...new TextEncoder().encode(`traceparent: ${TRACEPARENT}\n`),
      0xff,
    ]);
    assert.deepEqual(found(extract, binary), FOUND);
  });

  it("finds none in the payload itself", () => {
    assert.equal(found(extract, `a line\ntraceparent: ${TRACEPARENT}\n`), undefined);
    assert.equal(found(extract, `{"traceparent": "${TRACEPARENT}"}`), undefined);
    assert.equal(found(extract, ""), undefined);
    assert.equal(
      found(extract, `x: ${"y".repeat(2_000)}\ntraceparent: ${TRACEPARENT}\n`),
      undefined,
    );
  });

  it("takes no long time over a long record", () => {
    const startedMs = performance.now();
    assert.equal(found(extract, "a:\n".repeat(400_000)), undefined);
    assert.ok(performance.now() - startedMs < 5_000, "it looks at all of it");
  });
});

describe("parseTraceContext()", () => {
  const parse = (traceparent: unknown) =>
    parseTraceContext(() => ({ traceparent }) as { traceparent: string }, recordOf(""));

  it("takes what the W3C allows, later versions too", () => {
    assert.deepEqual(parse(TRACEPARENT), FOUND);
    assert.deepEqual(parse(`00-${TRACE_ID}-${SPAN_ID}-02`), { ...FOUND, traceFlags: 0 });
    assert.deepEqual(parse(`01-${TRACE_ID}-${SPAN_ID}-01-more`), FOUND);
  });

  it("takes nothing else", () => {
    const refused = [
      `ff-${TRACE_ID}-${SPAN_ID}-01`,
      `00-${TRACE_ID}-${SPAN_ID}-01-more`,
      `00-${"0".repeat(32)}-${SPAN_ID}-01`,
      `00-${TRACE_ID}-${"0".repeat(16)}-01`,
      `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`,
      TRACEPARENT.slice(1),
      "",
      7,
      undefined,
    ];
    for (const each of refused) assert.equal(parse(each), undefined, String(each));
  });

  it("takes what an extractor throws, or does not find, for none", () => {
    const record = recordOf("");
    assert.equal(parseTraceContext(() => undefined, record), undefined);
    assert.equal(
      parseTraceContext(() => {
        throw new Error("the user's");
      }, record),
      undefined,
    );
  });
});
