// Contract: a stream keeps its promises to a reader on kinesalite and in the simulation alike.

import { describeKinesisContract } from "./kinesis_contract.ts";
import { openKinesalite, openSimulatedStream } from "./local_streams.ts";

describeKinesisContract("simulated", openSimulatedStream);
describeKinesisContract("kinesalite", openKinesalite);
