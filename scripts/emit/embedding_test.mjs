// A module works as before where the package is not installed, and the licence is beside it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { trace } from "@opentelemetry/api";
import { ROOT } from "../runtimes.mjs";
import { embed } from "./embedding.mjs";

const packageName = "@opentelemetry/api";
const path = "src/telemetry/api.js";
const code = `import { SpanKind, trace as all, } from "${packageName}";
export const kind = SpanKind.CONSUMER;
export const nameOf = () => all.getTracer("x").constructor.name;
export const provider = () => all.getTracerProvider();
`;

describe("embed()", () => {
  it("lets a module run where the package is not installed, and meet the user's copy", async () => {
    const files = await embed({ path, code, packageName });
    const folder = mkdtempSync(join(tmpdir(), "kinsumer-embed-"));
    try {
      files.set("package.json", '{ "type": "module" }');
      for (const [name, text] of files) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
      const module = await import(pathToFileURL(join(folder, path)).href);
      assert.equal(module.kind, 4);
      assert.match(module.nameOf(), /./);
      const users = { getTracer: () => trace.getTracer("x") };
      trace.setGlobalTracerProvider(users);
      try {
        assert.equal(module.provider(), trace.getTracerProvider());
        assert.equal(module.provider().getDelegate(), users);
      } finally {
        trace.disable();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("brings the licence, and says whose it is", async () => {
    const files = await embed({ path, code, packageName });
    assert.deepEqual([...files.keys()], [
      path,
      "src/telemetry/opentelemetry_api.js",
      "src/telemetry/opentelemetry_api.LICENSE",
    ]);
    const { version } = JSON.parse(
      readFileSync(join(ROOT, "node_modules", packageName, "package.json"), "utf8"),
    );
    const embedded = files.get("src/telemetry/opentelemetry_api.js") ?? "";
    assert.ok(embedded.startsWith(`/*! Of ${packageName} ${version}, Apache-2.0:`), "a banner");
    assert.match(files.get("src/telemetry/opentelemetry_api.LICENSE") ?? "", /Apache License/);
  });

  it("refuses a module that it would leave with an import of the package", async () => {
    for (const wrong of ["", `import * as all from "${packageName}";`, code + code]) {
      await assert.rejects(embed({ path, code: wrong, packageName }), /by one statement/);
    }
  });
});
