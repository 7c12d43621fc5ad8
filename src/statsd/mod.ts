/**
 * The door `kinsumer/statsd`: the Go library's statistics under the Go library's names, through a
 * StatsD client that you bring, or through `hot-shots`, if it is installed.
 *
 * @module
 */

export { connectStatsd, type StatsdConnection, type StatsdOptions } from "./connect.ts";
export { type StatsdClient, statsdReceiver } from "./receiver.ts";
