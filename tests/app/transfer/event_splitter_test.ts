import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { EventSplitter } from "../../../src/app/transfer/event_splitter.ts";
import type { Line } from "../../../src/app/transfer/json_lines.ts";
import { concat, utf8 } from "../../../src/base/bytes.ts";

/** The texts in a file that comes in pieces of so many bytes. */
function split(file: string | Uint8Array, pieceBytes = 1_000, maxBytes = 100): readonly Line[] {
  const bytes = typeof file === "string" ? utf8(file) : file;
  const splitter = new EventSplitter(maxBytes);
  const lines: Line[] = [];
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    lines.push(...splitter.push(bytes.subarray(start, start + pieceBytes)));
  }
  return [...lines, ...splitter.end()];
}

const MARK = "\ufeff";

const files: readonly [string, string, readonly (readonly [number, string])[]][] = [
  ["JSON lines", '{"a":1}\n\n{"b":2}\r\n', [[1, '{"a":1}'], [3, '{"b":2}']]],
  ["a byte order mark", `${MARK}{"a":1}\n{"b":2}`, [[1, '{"a":1}'], [2, '{"b":2}']]],
  ["messages of relays", '["EVENT","x",{}]\n["EOSE"]', [[1, '["EVENT","x",{}]'], [2, '["EOSE"]']]],
  ["an array in one line", '[{"a":1},{"b":[2,"]"]}]', [[1, '{"a":1}'], [1, '{"b":[2,"]"]}']]],
  ["an array after a mark", `${MARK} [ {"a":1} ]`, [[1, '{"a":1}']]],
  [
    "an array over lines",
    '[\n  {"a": 1},\r\n  {\n    "b": 2\n  }\n]\n',
    [[2, '{"a": 1}'], [3, '{\n    "b": 2\n  }']],
  ],
  ["brackets and quotes in strings", '[{"a":"},{[\\"\\\\"},{"b":1}]', [
    [1, '{"a":"},{[\\"\\\\"}'],
    [1, '{"b":1}'],
  ]],
  ["several arrays", '[{"a":1}]\n[{"b":2},{"c":3}]', [[1, '{"a":1}'], [2, '{"b":2}'], [
    2,
    '{"c":3}',
  ]]],
  ["lines after an array", '[{"a":1}]\n{"b":2}\n{"c":3}', [[1, '{"a":1}'], [2, '{"b":2}'], [
    3,
    '{"c":3}',
  ]]],
  ["an array of messages", '[["EVENT",{}],{}]', [[1, '["EVENT",{}]'], [1, "{}"]]],
  ["an array that is cut off", '[{"a":1},{"b"', [[1, '{"a":1}'], [1, '{"b"']]],
  ["an empty array", "[]\n", []],
  ["white space", " \r\n\t\n", []],
  ["nothing", "", []],
  ["a mark alone", MARK, []],
  ["what is no JSON", "hello\nworld", [[1, "hello"], [2, "world"]]],
  ["a bracket alone", "[", [[1, "["]]],
];

for (const [what, file, expected] of files) {
  Deno.test(`${what}: each text has the number of its line, in whatever pieces the file comes`, () => {
    const lines = expected.map(([number, text]) => ({ number, text }));
    for (const pieceBytes of [1, 2, 3, 7, 1_000]) deepEqual(split(file, pieceBytes), lines);
  });
}

Deno.test("an element of exactly the limit passes, one byte more does not, and the next is read", () => {
  const [fits, long] = [`"${"x".repeat(8)}"`, `"${"x".repeat(9)}"`];
  const expected = [
    { number: 1, text: "{}" },
    { number: 1, text: fits },
    { number: 2, fault: "element is longer than 10 bytes" },
    { number: 2, text: "{}" },
  ];
  for (const pieceBytes of [1, 4, 100]) {
    deepEqual(split(`[{},${fits},\n${long},{}]`, pieceBytes, 10), expected);
  }
});

Deno.test("an endless element, line or space is not kept", () => {
  const endless = "x".repeat(100_000);
  deepEqual(split(`[{},"${endless}`, 1_000, 50), [
    { number: 1, text: "{}" },
    { number: 1, fault: "element is longer than 50 bytes" },
  ]);
  deepEqual(split(endless, 1_000, 50), [{ number: 1, fault: "line is longer than 50 bytes" }]);
  deepEqual(split(`${" ".repeat(100_000)}\n{}`, 1_000, 50), [
    { number: 1, fault: "line is longer than 50 bytes" },
    { number: 2, text: "{}" },
  ]);
});

Deno.test("an element that is not UTF-8 is a fault of that element", () => {
  const file = concat([utf8("[{},"), Uint8Array.of(0xff), utf8(",{}]")]);
  deepEqual(split(file), [
    { number: 1, text: "{}" },
    { number: 1, fault: "element is not UTF-8" },
    { number: 1, text: "{}" },
  ]);
});

Deno.test("a piece may be overwritten once it was taken", () => {
  const splitter = new EventSplitter(100);
  const piece = utf8('[{"a":');
  splitter.push(piece);
  piece.fill(0);
  deepEqual(splitter.push(utf8("1}]")), [{ number: 1, text: '{"a":1}' }]);
});

Deno.test("any objects are found again in an array, however it is written", () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 });
  fc.assert(
    fc.property(objects, fc.nat(4), fc.integer({ min: 1, max: 64 }), (values, indent, size) => {
      const found = split(JSON.stringify(values, undefined, indent), size, 1_000_000);
      deepEqual(
        found.map((line) => "text" in line && JSON.parse(line.text)),
        JSON.parse(JSON.stringify(values)),
      );
    }),
  );
});
