/**
 * Lists every behaviour of the two services that is probed.
 *
 * @module
 */

import { CONDITIONS } from "./dynamodb_conditions.ts";
import * as database from "./dynamodb_operations.ts";
import { WRITES } from "./dynamodb_writes.ts";
import { LISTS } from "./kinesis_lists.ts";
import { POSITIONS, READS } from "./kinesis_reading.ts";
import * as refusals from "./kinesis_refusals.ts";
import { RESHARDS } from "./kinesis_reshards.ts";
import * as puts from "./kinesis_writes.ts";
import type { Topic } from "./observation.ts";

/** What is relied on of Kinesis. */
export const KINESIS_TOPICS: readonly Topic[] = [
  POSITIONS,
  READS,
  RESHARDS,
  LISTS,
  puts.WRITES,
  refusals.REFUSALS,
  refusals.WIRE,
];

/** What is relied on of DynamoDB. */
export const DYNAMODB_TOPICS: readonly Topic[] = [
  CONDITIONS,
  WRITES,
  database.READS,
  database.TABLES,
  database.WIRE,
];
