/**
 * Probes how the service refuses, and what is around the JSON.
 *
 * @module
 */

import { BAD_ARGUMENT, Lab } from "./kinesis_lab.ts";
import {
  brief,
  differs,
  type Fields,
  HOLDS,
  holdsIf,
  refusedWith,
  type Topic,
} from "./observation.ts";

const SHARD_ID = "shardId-000000000000";

/** How it refuses. */
export const REFUSALS: Topic = {
  title: "Refusals",
  probes: [
    {
      behaviour: "A stream that does not exist: `ResourceNotFoundException`, 400",
      observe: async (subject) => {
        const input = { StreamName: "no-such-stream" };
        return refusedWith(await subject.ask("ListShards", input), ["ResourceNotFoundException"]);
      },
    },
    {
      behaviour: "A shard that does not exist: `ResourceNotFoundException`, 400",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const input = { ShardId: "shardId-000000000099", ShardIteratorType: "LATEST" };
        return refusedWith(await lab.ask("GetShardIterator", input), ["ResourceNotFoundException"]);
      },
    },
    {
      behaviour:
        "What is no sequence number: `InvalidArgumentException` or `ValidationException`, 400",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        return refusedWith(await lab.ask("GetShardIterator", after("x")), BAD_ARGUMENT);
      },
    },
    {
      behaviour: "A sequence number of a later time than now: `InvalidArgumentException`, 400",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const reply = await lab.ask("GetShardIterator", after(`${"9".repeat(40)}`));
        return refusedWith(reply, BAD_ARGUMENT);
      },
    },
    {
      behaviour: "A sequence number of another shard: `InvalidArgumentException`, 400",
      observe: async (subject) => {
        const lab = await Lab.open(subject, 2);
        const [put] = await lab.put("1");
        const ids = (await lab.shards()).map((shard) => String(shard["ShardId"]));
        const ShardId = ids.find((id) => id !== put?.shardId);
        const position = { ...after(put?.sequenceNumber ?? ""), ShardId };
        return refusedWith(await lab.ask("GetShardIterator", position), BAD_ARGUMENT);
      },
    },
    {
      behaviour: "What is no iterator: `InvalidArgumentException`, 400",
      observe: async (subject) =>
        refusedWith(await subject.ask("GetRecords", { ShardIterator: "none" }), BAD_ARGUMENT),
    },
    {
      behaviour: "A stream that exists already: `ResourceInUseException`, 400",
      observe: async (subject) => {
        const lab = await Lab.open(subject);
        const reply = await lab.ask("CreateStream", { ShardCount: 1 });
        return refusedWith(reply, ["ResourceInUseException"]);
      },
    },
    {
      behaviour: "An unknown operation: `UnknownOperationException`, 400",
      observe: async (subject) =>
        refusedWith(await subject.ask("DoWhatNobodyKnows", {}), ["UnknownOperationException"]),
    },
  ],
};

function after(sequenceNumber: string): Fields {
  return {
    ShardId: SHARD_ID,
    ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
    StartingSequenceNumber: sequenceNumber,
  };
}

/** CBOR's `{}`. */
const EMPTY_CBOR = new Uint8Array([0xa0]);

/** What is around the JSON. */
export const WIRE: Topic = {
  title: "On the wire",
  probes: [
    {
      behaviour: "Each answer has an `x-amzn-RequestId` and a `Date`",
      observe: async (subject) => {
        const reply = await subject.ask("ListStreams", {});
        const missing = ["x-amzn-requestid", "date"].filter((name) => !reply.header(name));
        return holdsIf(missing.length === 0, `no ${missing.join(", ")}`);
      },
    },
    {
      behaviour: "A wrong signature is refused: 400 or 403",
      documented: "`InvalidSignatureException` and others",
      observe: async (subject) => {
        const authorization = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/" +
          "aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
        const reply = await subject.ask("ListStreams", {}, { headers: { authorization } });
        return holdsIf([400, 403].includes(reply.status), "takes any");
      },
    },
    {
      behaviour: "A request in CBOR (`application/x-amz-cbor-1.1`) is answered in CBOR",
      observe: async (subject) => {
        const headers = { "content-type": "application/x-amz-cbor-1.1" };
        const reply = await subject.ask("ListStreams", {}, { headers, body: EMPTY_CBOR });
        if (reply.status !== 200) return differs(brief(reply));
        const type = reply.header("content-type");
        return type === "application/x-amz-cbor-1.1" ? HOLDS : differs(`answers ${type}`);
      },
    },
  ],
};
