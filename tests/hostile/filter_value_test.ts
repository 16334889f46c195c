/**
 * What the heap keeps for a subscription, however many values it lists.
 *
 * @module
 */

import { ok } from "node:assert/strict";

/** A string, an element of a set and one of a map take three times as much. */
const MOST_BYTES = 100;

for (const field of ["authors", "#p", "#t", "#r"]) {
  Deno.test(`a value of ${field} takes ${MOST_BYTES} bytes at most`, async () => {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
        ...["--config", new URL("../../deno.json", import.meta.url).pathname],
        new URL("filter_value_heap.ts", import.meta.url).pathname,
        field,
      ],
      stderr: "inherit",
    }).output();
    ok(success);
    const bytes = Number(new TextDecoder().decode(stdout));
    ok(bytes > 8 && bytes <= MOST_BYTES, `${bytes} bytes`);
  });
}
