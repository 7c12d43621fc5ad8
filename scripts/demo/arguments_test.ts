// The command line is taken as it is meant, or refused with words that say what is wrong.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCommand } from "./arguments.ts";

const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [["--records", "0"], /--records must be a whole number from 1 to 1000000, got "0"/],
  [["--records", "many"], /--records must be .*, got "many"/],
  [["--records", "1e3"], /--records must be .*, got "1e3"/],
  [["--records=-5"], /--records must be .*, got "-5"/],
  [["--records="], /--records must be .*, got ""/],
  [["--shards", "65"], /--shards must be a whole number from 1 to 64/],
  [["--clients", "1"], /--clients must be a whole number from 2 to 12/],
  [["--seconds", "4"], /--seconds must be a whole number from 5 to 600/],
  [["--recods", "5"], /recods/],
  [["--records"], /records/],
  [["300"], /300/],
];

describe("readCommand()", () => {
  it("runs with about 20,000 records, 8 shards and 3 clients unless told", () => {
    assert.deepEqual(readCommand([]), {
      outcome: "run",
      settings: {
        records: 20_000,
        shards: 8,
        clients: 3,
        seconds: 20,
        isQuiet: false,
        isJson: false,
      },
    });
  });

  it("takes every option", () => {
    const text = "--records 300 --shards=4 --clients 2 --seconds 5 --quiet --json";
    assert.deepEqual(readCommand(text.split(" ")), {
      outcome: "run",
      settings: { records: 300, shards: 4, clients: 2, seconds: 5, isQuiet: true, isJson: true },
    });
  });

  it("shows the help, whatever else is asked", () => {
    assert.deepEqual(readCommand(["--json", "-h"]), { outcome: "help" });
  });

  for (const [args, message] of REFUSED) {
    it(`refuses ${args.join(" ")}`, () => {
      const command = readCommand(args);
      assert.equal(command.outcome, "refused");
      assert.match(command.outcome === "refused" ? command.message : "", message);
    });
  }

  it("takes the least and the most of each number", () => {
    for (const args of ["--records=1", "--records=1000000", "--shards=64", "--clients=12"]) {
      assert.equal(readCommand([args]).outcome, "run");
    }
  });
});
