import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { jsonOf, readTaoConfig } from "../../../src/app/other_relays/tao_config.ts";

/** The file as JSON, or its fault with the line. */
function read(text: string): unknown {
  const found = readTaoConfig(text);
  if ("fault" in found) return `${found.line}: ${found.fault}`;
  return jsonOf({ line: 1, value: found.members });
}

Deno.test("names, commas, braces and equality signs may be as in JSON or left out", () => {
  const expected = { ip: "127.0.0.2", port: 27960, maps: ["a", "b"] };
  deepEqual(read('{"ip": "127.0.0.2", "port": 27960, "maps": ["a", "b"]}'), expected);
  deepEqual(read(`ip = '127.0.0.2'\nport: 27960,\n'maps' = [ "a" "b", ],`), expected);
});

Deno.test("comments of all three kinds count as white space", () => {
  deepEqual(read('#!/bin/x\na = 1 // b = 2\n/* c = 3\n*/ d = "# no // comment /* at all"'), {
    a: 1,
    d: "# no // comment /* at all",
  });
});

Deno.test("objects of one name are one, dotted names reach into them, and the last value counts", () => {
  deepEqual(read("a { b = 1 c = 1 }\na { c = 2 }\na.d.e = 3\na.b = 4\nx = 1 x = {}"), {
    a: { b: 4, c: 2, d: { e: 3 } },
    x: {},
  });
});

Deno.test("values are texts with escapes, numbers, words and what holds them", () => {
  deepEqual(
    read(String.raw`a = "\"\\\/\b\n\tA\x41\u{1f600}\'" b = [-1, +2 0x10 1.5e3 .5 true null]`),
    { a: "\"\\/\b\n\tAA😀'", b: [-1, 2, 16, 1500, 0.5, true, null] },
  );
  deepEqual(read(String.raw`a = "\ud800"`), { a: "\ufffd" });
});

Deno.test("each value knows its line", () => {
  const found = readTaoConfig("\n# one\na {\n  b = 1\n\n  c = [\n 1\n 2 ] }\n");
  ok("members" in found);
  const a = found.members.get("a")!;
  ok(a.value instanceof Map);
  deepEqual([a.line, a.value.get("b").line, a.value.get("c").line], [3, 4, 6]);
});

Deno.test("what is wrong is a sentence with its line", () => {
  const faults = [
    ["a = 1\nb", '2: found the end of the file, expected = or { after "b"'],
    ['a = "b\nc = "d"', '1: a text that begins with " does not end in its line'],
    ["a {\n b = 1\n", "3: the file ends before a } that closes what was opened"],
    ["/* a", "1: the file ends before a */ that closes a comment"],
    ["a = [1", "1: found the end of the file, expected a value"],
    ["a = }", '1: found "}", expected a value'],
    ["{} b", '1: found "b", expected the end of the file'],
    ["a = yes", "1: the word yes is not understood here: write its value out"],
    ["a = delete", "1: delete is not understood here: write its value out"],
    ["a = 1 + 2", "1: an addition (+) is not understood here: write its value out"],
    ["a += 2", "1: an addition (+=) is not understood here: write its value out"],
    ["a = (b)", "1: a reference or an extension ( ) is not understood here: write its value out"],
    [
      '(include "x")',
      "1: a reference or an extension ( ) is not understood here: write its value out",
    ],
    ['a = "\\q"', '1: found "q", expected a character that may follow a backslash'],
    ['a = "\\u{ffffff}"', /character that may follow/],
    ["a = -", /expected a value/],
  ] as const;
  for (const [text, fault] of faults) {
    if (typeof fault === "string") equal(read(text), fault);
    else match(String(read(text)), fault);
  }
});

Deno.test("nesting is bounded, however it is written", () => {
  const deep = 100_000;
  for (const text of ["a={".repeat(deep), "a{".repeat(deep), `a=${"[".repeat(deep)}`]) {
    equal(read(text), "1: nested deeper than 32 levels");
  }
  equal(read(`${"a.".repeat(deep)}a = 1`), "1: nested deeper than 32 levels");
  ok(typeof read(`${"a.".repeat(20)}a = 1`) === "object");
});

Deno.test("no text is an exception", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    "=",
    ":",
    ",",
    '"',
    "'",
    "\\",
    "/*",
    "*/",
    "#",
    "\n",
    ".",
    "+",
  ];
  const words = ["a", "b", "0", "1e9", "true", "delete", "__proto__", "(", "\\u", "\u0000", "é"];
  const text = fc.array(fc.constantFrom(...pieces, ...words), { maxLength: 60 });
  fc.assert(
    fc.property(text, (parts) => {
      const found = readTaoConfig(parts.join(""));
      ok("fault" in found ? !found.fault.includes("\n") : found.members instanceof Map);
    }),
    { numRuns: 2_000 },
  );
});
