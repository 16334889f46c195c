import { equal } from "node:assert/strict";
import fc from "fast-check";
import { parseDecimal } from "../../../src/net/address/decimal.ts";

Deno.test("a number that is not above the greatest is read as it was written", () => {
  fc.assert(fc.property(fc.nat(), fc.nat(), (value, max) => {
    equal(parseDecimal(String(value), max), value <= max ? value : undefined);
  }));
});

Deno.test("nothing but digits without a needless zero is a number", () => {
  const wrong = ["", "00", "01", "-1", "+1", "1.0", "1e1", "0x1", " 1", "1 ", "1_0", "1\n", "١"];
  for (const text of wrong) equal(parseDecimal(text, 1000), undefined, JSON.stringify(text));
});

Deno.test("a number of many digits is above the greatest", () => {
  equal(parseDecimal("9".repeat(1000), Number.MAX_SAFE_INTEGER), undefined);
});
