/**
 * The door `kinsumer/node`: a machine for Node whose network and signatures cost a fraction of what
 * `fetch` and WebCrypto cost there. With `kinsumer/statsd` the only part of the library that imports `node:`
 * modules.
 *
 * @module
 */

export { nodeRuntime, type NodeRuntimeOptions } from "./runtime.ts";
