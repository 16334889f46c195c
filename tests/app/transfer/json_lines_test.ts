import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { type Line, LineSplitter } from "../../../src/app/transfer/json_lines.ts";
import { utf8 } from "../../../src/base/bytes.ts";

/** The lines of `pieces`, whose lines may have `maxLineBytes`. */
function linesOf(pieces: readonly Uint8Array[], maxLineBytes = 1000): readonly Line[] {
  const splitter = new LineSplitter(maxLineBytes);
  return [...pieces.flatMap((piece) => [...splitter.push(piece)]), ...splitter.end()];
}

Deno.test("lines end in LF, in CRLF, or with the file", () => {
  deepEqual(linesOf([utf8("a\nb\r\nc")]), [
    { number: 1, text: "a" },
    { number: 2, text: "b" },
    { number: 3, text: "c" },
  ]);
});

Deno.test("blank lines count but are left out", () => {
  deepEqual(linesOf([utf8("\n \t\r\n\r\na\n\n")]), [{ number: 4, text: "a" }]);
});

Deno.test("no bytes have no lines", () => {
  deepEqual(linesOf([]), []);
  deepEqual(linesOf([utf8(""), utf8("")]), []);
});

Deno.test("a line of exactly the limit passes, one byte more does not", () => {
  deepEqual(linesOf([utf8("aaaa\naaaaa\nb\n")], 4), [
    { number: 1, text: "aaaa" },
    { number: 2, fault: "line is longer than 4 bytes" },
    { number: 3, text: "b" },
  ]);
});

Deno.test("an endless line is not kept, however it arrives, and the next one is read", () => {
  const endless = Array.from({ length: 1000 }, () => utf8("x".repeat(100)));
  deepEqual(linesOf([...endless, utf8("\nb")], 50), [
    { number: 1, fault: "line is longer than 50 bytes" },
    { number: 2, text: "b" },
  ]);
  deepEqual(linesOf(endless, 50), [{ number: 1, fault: "line is longer than 50 bytes" }]);
});

Deno.test("a line that is not UTF-8 is a fault of that line", () => {
  deepEqual(linesOf([new Uint8Array([0xff, 0x0a]), utf8("b\n")]), [
    { number: 1, fault: "line is not UTF-8" },
    { number: 2, text: "b" },
  ]);
});

Deno.test("a piece may be overwritten once it was taken", () => {
  const splitter = new LineSplitter(100);
  const piece = utf8("ab");
  splitter.push(piece);
  piece.fill(0);
  deepEqual(splitter.push(utf8("c\n")), [{ number: 1, text: "abc" }]);
});

Deno.test("how the bytes are cut makes no difference", () => {
  const unit = fc.constantFrom("a", "é", "\n", "\r\n", "\r", " ", "🦖");
  const text = fc.string({ unit, maxLength: 60 });
  fc.assert(fc.property(text, fc.array(fc.nat({ max: 5 })), (whole, cuts) => {
    const bytes = utf8(whole);
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (const cut of cuts) pieces.push(bytes.subarray(start, start += cut));
    pieces.push(bytes.subarray(start));
    deepEqual(linesOf(pieces, 12), linesOf([bytes], 12));
  }));
});
