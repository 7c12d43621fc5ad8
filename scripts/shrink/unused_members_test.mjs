// What is not used goes, with what only that used; what could be used stays.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withoutUnusedMembers } from "./unused_members.mjs";

const INTERNAL = new Set(["used", "unused", "inner", "one", "other", "spelled"]);

/** @param {string} body of a class */
function shrunk(body, after = "") {
  const code = `export class A {${body}\n}\n${after}`;
  const text = withoutUnusedMembers(code, INTERNAL);
  return [...text.matchAll(/(?:get |async )?([#\w]+)\(\) \{/g)].map(([, name]) => name);
}

describe("withoutUnusedMembers()", () => {
  it("leaves out a method, an accessor and what only these used", () => {
    const body = `
      used() { return this.inner; }
      get inner() { return 1; }
      unused() { return this.#only(); }
      #only() { return 2; }
      get other() { return 3; }`;
    assert.deepEqual(shrunk(body, "new A().used();"), ["used", "inner"]);
  });

  it("leaves out those that only use each other, or themselves", () => {
    const body = `
      one() { return this.other(); }
      other() { return this.one(); }
      unused() { return this.unused(); }`;
    assert.deepEqual(shrunk(body), []);
  });

  it("keeps what others may know", () => {
    assert.deepEqual(shrunk("\n  known() { return 1; }\n  [Symbol.iterator]() { return 1; }"), [
      "known",
    ]);
  });

  for (const after of ['"spelled" in new A();', "const { spelled } = new A();", "B.spelled = 1;"]) {
    it(`keeps what is mentioned in any way: ${after}`, () => {
      assert.deepEqual(shrunk("\n  spelled() { return 1; }", after), ["spelled"]);
    });
  }

  it("changes nothing else", () => {
    const code = "class A {\n  /** Kept. */\n  used() {}\n}\nexport const a = new A().used();\n";
    assert.equal(withoutUnusedMembers(code, INTERNAL), code);
  });
});
