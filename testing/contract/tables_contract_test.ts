// Contract: the three tables keep their promises on dynalite and in the simulation alike.

import { openDynalite, openSimulatedDynamoDb, openTables } from "./local_tables.ts";
import { describeTablesContract } from "./tables_contract.ts";
import { describeTablesWireContract } from "./tables_wire_contract.ts";

describeTablesContract("simulated", () => openTables(openSimulatedDynamoDb));
describeTablesContract("dynalite", () => openTables(openDynalite));
describeTablesWireContract("simulated", openSimulatedDynamoDb);
describeTablesWireContract("dynalite", openDynalite);
