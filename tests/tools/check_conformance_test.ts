import { deepEqual } from "node:assert/strict";
import { conformanceGaps } from "../../tools/check_conformance.ts";

const counts = { NIP01: 2 };

Deno.test("every assertion is named in a test or an exception", () => {
  const exceptions = { "NIP01-02": "there is nothing to see" };
  deepEqual(conformanceGaps({ counts, exceptions, tests: "NIP01-01" }), []);
  deepEqual(conformanceGaps({ counts, exceptions: {}, tests: "NIP01-01" }), [
    "NIP01-02: no test names it",
  ]);
});

Deno.test("a number that does not exist, and an exception that nothing needs, are gaps", () => {
  const tests = "NIP01-01 NIP01-02 NIP01-03 NIP77-01";
  deepEqual(conformanceGaps({ counts, exceptions: { "NIP01-02": "no" }, tests }), [
    "NIP01-03: there is no such assertion",
    "NIP01-02: an exception that is not needed",
  ]);
});
