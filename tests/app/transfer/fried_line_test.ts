import { deepEqual, equal, ok } from "node:assert/strict";
import { EventSplitter } from "../../../src/app/transfer/event_splitter.ts";
import { friedLineBytes, withoutFried } from "../../../src/app/transfer/fried_line.ts";
import { utf8, utf8Decode } from "../../../src/base/bytes.ts";

function textOf(line: string): string | undefined {
  return utf8Decode(withoutFried(utf8(line)));
}

Deno.test("the last key is taken out of a line of strfry export --fried", () => {
  equal(textOf('{"id":"a","fried":"00ff"}'), '{"id":"a"}');
  equal(textOf('{"id":"a","fried":""}'), '{"id":"a"}');
});

Deno.test("a line that has no such key, or has it elsewhere, stays as it is", () => {
  const lines = [
    '{"id":"a"}',
    '{"id":"00ff"}',
    '{"fried":"00ff","id":"a"}',
    '{"id":"a","fried":"no digits"}',
    '{"id":"a","fried":"00ff" }',
    String.raw`{"content":"\",\"fried\":\"00"}`,
    '"}',
    "}",
    ',"fried":"',
    "",
  ];
  for (const line of lines) equal(textOf(line), line);
});

Deno.test("the key does not count for the length of a line, with LF, CRLF or no line end", () => {
  const event = `{"a":"${"x".repeat(92)}"}`;
  const fried = event.slice(0, -1) + `,"fried":"${"0".repeat(2 * 88 + 2 * 100)}"}`;
  ok(fried.length <= friedLineBytes(event.length));
  const splitter = new EventSplitter(event.length);
  const tooLong = `${event.slice(0, -1)},"b":1}`;
  deepEqual([
    ...splitter.push(utf8(`${fried}\n${fried}\r\n${tooLong}\n`)),
    ...splitter.push(utf8(`${"y".repeat(friedLineBytes(event.length) + 1)}\n`)),
    ...splitter.push(utf8(fried)),
    ...splitter.end(),
  ], [
    { number: 1, text: event },
    { number: 2, text: event },
    { number: 3, fault: "line is longer than 100 bytes" },
    { number: 4, fault: "line is longer than 100 bytes" },
    { number: 5, text: event },
  ]);
});
