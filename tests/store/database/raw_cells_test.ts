import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { RawCells, readRows } from "../../../src/store/database/raw_cells.ts";

Deno.test("columns are decoded by their type", () => {
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

Deno.test("holes before the rows are skipped", () => {
  const list: (readonly Buffer[] | undefined)[] = [];
  list[2] = [Buffer.from("7")];
  list[3] = [Buffer.from("8")];
  deepEqual(readRows(list, { read: (cells) => cells.integer(0) }), [7, 8]);
});
