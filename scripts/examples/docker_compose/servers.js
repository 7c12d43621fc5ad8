import dynalite from "dynalite";
import kinesalite from "kinesalite";
import { openStreams } from "kinsumer/testing";

const listen = (server, port) =>
  new Promise((resolve) => server.listen(port, "0.0.0.0", () => resolve()));

await listen(dynalite({ createTableMs: 5 }), 4567);
await listen(kinesalite({ createStreamMs: 5 }), 4568);
const streams = openStreams({
  kinesisEndpoint: "http://127.0.0.1:4568",
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});
await streams.create("orders", { shardCount: 6 });
console.log("ready");
process.once("SIGTERM", () => process.exit());
