/**
 * The Worker, bundled and served by workerd as wrangler.jsonc says, bills every order once: by its
 * cron trigger, several times, and two of them at once.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runtimePath, workerdPath } from "../../runtimes.mjs";
import { assertOnce } from "./aws_lambda.ts";
import { openInbox } from "./http.ts";
import type { Program } from "./program.ts";
import type { Scene } from "./scene.ts";

/** What of wrangler.jsonc decides how a Worker runs. */
interface WranglerConfig {
  readonly main: string;
  readonly "compatibility_date": string;
  readonly triggers: { readonly crons: readonly string[] };
  readonly vars: Readonly<Record<string, string>>;
}

/** Calls the Worker as the platform's clock does: not by a request. */
const CLOCK = `export default {
  async fetch(request, env) {
    const { outcome } = await env.WORKER.scheduled({ scheduledTime: new Date(), cron: env.CRON });
    return new Response(outcome);
  },
};
`;

/** Proves the example; returns what was seen. */
export async function proveCloudflareWorker(scene: Scene): Promise<string> {
  const billing = await openInbox();
  try {
    await scene.createStream(4);
    await scene.kinsumer("tables", "create", "--application", "billing");
    const config = readConfig(scene);
    await bundle(scene, config.main);
    const vars = { ...config.vars, ...scene.env, BILLING_URL: billing.url };
    writeFileSync(join(scene.folder, "clock.js"), CLOCK);
    writeFileSync(join(scene.folder, "config.capnp"), capnp({ ...config, vars }));
    const workerd = serve(scene);
    const [, port] = await workerd.printed(/"event":"listen".*"port":(\d+)/);
    const tick = async (): Promise<void> => {
      const outcome = await (await fetch(`http://127.0.0.1:${port}/`)).text();
      assert.equal(outcome, "ok", workerd.output);
    };
    await scene.put(80);
    await tick();
    assert.match(workerd.output, /"reason":"caughtUp","records":80,"isCaughtUp":true/);
    await scene.put(40);
    await Promise.all([tick(), tick()]);
    await tick(); // what neither of the two could take
    assertOnce(billing, 120);
    await scene.assertDone("billing");
    return "120 orders in four calls of the cron trigger, two of them at once";
  } finally {
    await billing.close();
  }
}

function readConfig(scene: Scene): WranglerConfig {
  const text = readFileSync(join(scene.folder, "wrangler.jsonc"), "utf8");
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, "")) as WranglerConfig;
}

/** As `wrangler deploy` does: one module with all that it imports. */
async function bundle(scene: Scene, main: string): Promise<void> {
  const esbuild = join(scene.project, "node_modules/esbuild/bin/esbuild");
  const flags = ["--bundle", "--format=esm", "--conditions=workerd", "--outfile=worker.js"];
  await scene.start([runtimePath("node"), esbuild, ...flags, main]).success();
}

function serve(scene: Scene): Program {
  // The clock needs a binding that is no part of the platform.
  const flags = ["--experimental", "--control-fd=1", "--socket-addr=http=127.0.0.1:0"];
  return scene.start([workerdPath(), "serve", ...flags, "config.capnp"]);
}

/** `internet` is where a Worker's fetch goes; the local servers are on this host. */
function capnp({ "compatibility_date": date, triggers, vars }: WranglerConfig): string {
  const bindings = Object.entries(vars)
    .map(([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "clock", worker = .clock),
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", http = (), service = "clock")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${date}",
  bindings = [${bindings.join(", ")}],
);
const clock :Workerd.Worker = (
  modules = [(name = "clock.js", esModule = embed "clock.js")],
  compatibilityDate = "${date}",
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [
    (name = "WORKER", service = "worker"),
    (name = "CRON", text = ${JSON.stringify(triggers.crons[0])}),
  ],
);
`;
}
