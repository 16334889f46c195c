import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { isCount, isJsonObject, parseJson } from "../../src/nostr/json.ts";

Deno.test("what holds no odd numbers is read as JSON.parse reads it", () => {
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: "binary" }),
      fc.maxSafeNat(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("node")),
      fc.dictionary(fc.string(), tie("node")),
    ),
  })).node;
  fc.assert(fc.property(value, (value) => {
    const text = JSON.stringify(value);
    deepEqual(parseJson(text), JSON.parse(text));
  }));
});

Deno.test("a number that is not digits alone is no count, wherever it stands and however it is spaced", () => {
  for (const odd of ["1.0", "1e3", "1E3", "1.5e3", "0.0", "0e0", "-1", "-0", "-1.5", "1e+3"]) {
    for (const space of ["", " ", "\n\t\r "]) {
      const noCount = (value: unknown) => typeof value === "number" && !isCount(value);
      const [alone] = parseJson(`[${space}${odd}]`) as unknown[];
      equal(noCount(alone), true, odd);
      const [seven, second] = parseJson(`[7,${space}${odd}]`) as unknown[];
      deepEqual([seven, noCount(second)], [7, true], odd);
      const { a, b } = parseJson(`{"a":${space}${odd},"b":7}`) as { a: unknown; b: unknown };
      deepEqual([noCount(a), b], [true, 7], odd);
    }
  }
});

Deno.test("what looks like an odd number inside a string changes nothing", () => {
  const texts = [":1.5", ",-3", "[1e9", '":1e3,"', "\\u003a1.5", "a, 3.5"];
  for (const text of texts) {
    deepEqual(parseJson(JSON.stringify([text, 5, { a: 6 }])), [text, 5, { a: 6 }]);
  }
});

Deno.test("an odd number is found behind a key that is written with escapes", () => {
  deepEqual(parseJson('{"\\u006bind":1.0}'), { kind: 0.5 });
});

Deno.test("of a doubled key the last value counts, odd or not", () => {
  deepEqual(parseJson('{"kind":1,"kind":1.0}'), { kind: 0.5 });
  deepEqual(parseJson('{"kind":1.0,"kind":1}'), { kind: 1 });
});

Deno.test("NIP01-62: what is not JSON is undefined", () => {
  for (
    const text of ["", " ", "{", "[1,]", "nul", "'a'", "[1] 2", "\u0000", "[01]", "[+1]", "[.5]"]
  ) {
    equal(parseJson(text), undefined, text);
  }
});

Deno.test("what is not JSON does not become so by losing its odd numbers", () => {
  for (
    const text of ["[-]", "[1.]", "[1.5.5]", "[01.5]", "[-01]", "[--1]", "[1e]", "[-1 1]", "[,-1]"]
  ) {
    equal(parseJson(text), undefined, text);
  }
});

Deno.test("NIP01-62: half a megabyte of opening brackets is a fault, closed or not", () => {
  equal(parseJson("[".repeat(524_288)), undefined);
  equal(parseJson('{"a":'.repeat(100_000)), undefined);
  const closed = parseJson("[".repeat(262_144) + "]".repeat(262_144));
  equal(closed === undefined || Array.isArray(closed), true);
  const odd = parseJson("[".repeat(262_143) + "1.5" + "]".repeat(262_143));
  equal(odd === undefined || Array.isArray(odd), true);
});

Deno.test("an object is neither null nor an array", () => {
  for (const value of [null, [], "", 1, true, undefined]) equal(isJsonObject(value), false);
  equal(isJsonObject({ a: 1 }), true);
});

Deno.test("a count is an integer that a double holds exactly", () => {
  for (const value of [0, 1, 9_007_199_254_740_991]) equal(isCount(value), true, `${value}`);
  const others = [-1, 1.5, NaN, Infinity, 9_007_199_254_740_992, "1", null, undefined, [1], true];
  for (const value of others) equal(isCount(value), false, `${value}`);
});
