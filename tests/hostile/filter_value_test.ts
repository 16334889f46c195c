/**
 * What the heap keeps for a subscription, however many values it lists.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { bytesPrintedBy } from "../kit/heap_program.ts";

/** A string, an element of a set and one of a map take three times as much. */
const MOST_BYTES = 100;

for (const field of ["authors", "#p", "#t", "#r"]) {
  Deno.test(`a value of ${field} takes ${MOST_BYTES} bytes at most`, async () => {
    const bytes = await bytesPrintedBy(new URL("filter_value_heap.ts", import.meta.url), field);
    ok(bytes > 8 && bytes <= MOST_BYTES, `${bytes} bytes`);
  });
}
