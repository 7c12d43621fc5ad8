/**
 * The door `kinsumer/kpl`: takes records of the Kinesis Producer Library apart, and of whatever else
 * writes its format. It does nothing when it is imported, and needs nothing else of the library.
 *
 * @module
 */

export { deaggregate, deaggregated, type UserRecord } from "./deaggregate.ts";
