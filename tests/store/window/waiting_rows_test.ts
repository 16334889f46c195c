import { deepEqual, equal, ok } from "node:assert/strict";
import type { StoredEvent } from "../../../src/store/event_store.ts";
import { WaitingRows } from "../../../src/store/window/waiting_rows.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

/** Events whose JSON is in one buffer. */
function rowsOf(count: number): readonly StoredEvent[] {
  const random = new SeededRandom(1);
  const bodies = random.bytes(10 * count);
  return Array.from({ length: count }, (_, at) => ({
    seq: 2 ** 40 + at,
    id: random.bytes(32).toHex(),
    createdAt: 1_800_000_000 - at,
    json: bodies.subarray(10 * at, 10 * at + 10),
  }));
}

Deno.test("the events of an answer are given in order, as many as fit and one at least", () => {
  for (const count of [0, 1, 499, 500, 501, 1_777]) {
    for (const maxBytes of [1, 35, 4_444, Infinity]) {
      const rows = rowsOf(count);
      const waiting = new WaitingRows(rows);
      const given: StoredEvent[] = [];
      while (!waiting.isEmpty) {
        const piece = waiting.take(maxBytes);
        ok(piece.length > 0 && piece.length <= Math.max(1, Math.min(500, maxBytes / 10)));
        given.push(...piece);
      }
      deepEqual(given, rows);
      equal(waiting.isEmpty, true);
    }
  }
});

Deno.test("an event that waits with thousands takes less than a hundred bytes", async () => {
  const program = new URL("./waiting_rows_heap.ts", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--v8-flags=--expose-gc", program],
    stderr: "inherit",
  }).output();
  ok(success);
  const bytes = Number(new TextDecoder().decode(stdout));
  ok(bytes > 50 && bytes < 100, `${bytes} bytes each`);
});
