import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { RawCells } from "../../src/store/raw_cells.ts";

Deno.test("columns are read as what they are", () => {
  const texts = ["\\x00ff", "9007199254740991", "naïve 🎉"];
  const cells = new RawCells(texts.map((text) => Buffer.from(text)));
  equal(cells.hex(0), "00ff");
  equal(cells.integer(1), Number.MAX_SAFE_INTEGER);
  equal(cells.text(2), "naïve 🎉");
});

Deno.test("the bytes of a column may be kept: they share no memory with what was received", () => {
  const received = Buffer.from("abc");
  const kept = new RawCells([received]).utf8(0);
  received.fill(0);
  deepEqual(kept, new Uint8Array([97, 98, 99]));
});
