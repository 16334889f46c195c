import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { readSeqRanges, writeSeqRanges } from "../../../src/store/feed/seq_ranges.ts";

const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 300 });

Deno.test("ranges are decoded to the numbers, in ascending order", () => {
  fc.assert(fc.property(seqs, fc.integer({ min: 1, max: 200 }), (numbers, maxLength) => {
    const texts = writeSeqRanges(numbers, maxLength);
    const read = texts.flatMap((text) => readSeqRanges(text, 1_000) ?? []);
    deepEqual(read, numbers.toSorted((a, b) => a - b));
  }));
});

Deno.test("no text is longer than allowed, unless a single range is", () => {
  fc.assert(fc.property(seqs, fc.integer({ min: 1, max: 200 }), (numbers, maxLength) => {
    for (const text of writeSeqRanges(numbers, maxLength)) {
      ok(text.length <= maxLength || !text.includes(","));
    }
  }));
});

Deno.test("consecutive numbers are one range, no numbers are no text", () => {
  deepEqual(writeSeqRanges(Array.from({ length: 500 }, (_, i) => i + 1), 20), ["1-500"]);
  deepEqual(writeSeqRanges([], 20), []);
});

Deno.test("malformed text is not decoded", () => {
  for (
    const text of ["", ",", "1,", "a", "1-", "-1", "2-1", "1-2-3", "1 2", "1e3", "9".repeat(16)]
  ) {
    equal(readSeqRanges(text, 100), undefined, text);
  }
});

Deno.test("a range of more numbers than allowed is not decoded", () => {
  equal(readSeqRanges("1-101", 100), undefined);
  equal(readSeqRanges("1-99,200-201", 100), undefined);
  equal(readSeqRanges("1-100", 100)?.length, 100);
});
