/**
 * For the tests of an application that consumes a stream: local servers that need no account and no
 * network.
 *
 * @module
 */

export {
  type EmbeddedServers,
  type EmbeddedServersOptions,
  startEmbeddedServers,
} from "./local_servers.ts";
export {
  openStreams,
  type PutRecord,
  type PutResult,
  type Streams,
  type StreamsOptions,
} from "./streams.ts";
