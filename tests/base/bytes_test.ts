import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import {
  concat,
  latin1Decode,
  SharedBytes,
  utf8,
  utf8Decode,
  utf8Length,
} from "../../src/base/bytes.ts";

Deno.test("utf8Decode reverses utf8 for every well-formed text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    equal(utf8Decode(utf8(text)), text.toWellFormed());
  }));
});

Deno.test("utf8Length is the length of utf8, with lone surrogates too", () => {
  const unit = fc.constantFrom(
    "a",
    "\x7f",
    "\x80",
    "é",
    "\u07ff",
    "\u0800",
    "🦖",
    "\ud83e",
    "\udd96",
  );
  fc.assert(fc.property(fc.array(unit), (units) => {
    const text = units.join("");
    equal(utf8Length(text), utf8(text).length);
  }));
});

Deno.test("utf8Decode keeps a byte order mark", () => {
  equal(utf8Decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), "\ufeffa");
});

Deno.test("utf8Decode returns undefined for invalid UTF-8", () => {
  const broken = [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]];
  for (const bytes of broken) equal(utf8Decode(new Uint8Array(bytes)), undefined);
});

Deno.test("concat keeps the order and copies the bytes", () => {
  const first = new Uint8Array([1, 2]);
  const joined = concat([first, new Uint8Array(), new Uint8Array([3])]);
  first[0] = 9;
  deepEqual([...joined], [1, 2, 3]);
  equal(concat([]).length, 0);
});

Deno.test("SharedBytes starts without a deflated form", () => {
  const shared = new SharedBytes(utf8("{}"));
  equal(shared.deflated, undefined);
  shared.deflated = new Uint8Array([0]);
  equal(shared.bytes.length, 2);
});

Deno.test("latin1Decode maps every byte to the character with its number", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, at) => at & 255);
  const text = latin1Decode(bytes);
  equal(text.length, bytes.length);
  for (let at = 0; at < bytes.length; at++) equal(text.charCodeAt(at), bytes[at]);
});
