import { deepEqual, equal } from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import { zeroCounters } from "../../src/relay/counters.ts";
import { MemoryWatch } from "../../src/relay/memory_watch.ts";

const MB = 1_000_000;

function watched(usedBytes: number, heldBytes: readonly number[]) {
  const counters = zeroCounters();
  const lines: unknown[] = [];
  const watch = new MemoryWatch({
    maxBytes: 100 * MB,
    usedBytes: () => usedBytes,
    counters,
    log: { ...silentLog, warn: (_, fields) => void lines.push(fields) },
  });
  const dropped: number[] = [];
  watch.check(heldBytes.map((bytes, at) => ({
    heldBytes: bytes,
    drop: () => void dropped.push(at),
  })));
  return { watch, dropped, counters, lines };
}

Deno.test("while all hold little nobody is dropped, and there is room for more", () => {
  const { watch, dropped, lines } = watched(50 * MB, [1 * MB, 30 * MB]);
  deepEqual([watch.isFull, dropped, lines], [false, [], []]);
});

Deno.test("of those who hold too much together the largest go, and of equals the newest, until it is enough", () => {
  const { dropped, counters, lines } = watched(50 * MB, [10 * MB, 20 * MB, 20 * MB, 10 * MB]);
  deepEqual(dropped, [2]);
  equal(counters.closedForMemory, 1);
  deepEqual(lines, [{ count: 1, bytes: 20 * MB, used: 50 * MB }]);
});

Deno.test("near the end of memory nobody new is taken, and those who hold much go", () => {
  equal(watched(86 * MB, [35 * MB]).watch.isFull, true);
  equal(watched(80 * MB, [35 * MB]).watch.isFull, false);
  equal(watched(99 * MB, []).watch.isFull, false, "what nobody holds is garbage");
  deepEqual(watched(86 * MB, [5 * MB]).dropped, []);
  deepEqual(watched(95 * MB, [1 * MB, 5 * MB, 1000]).dropped, [1]);
});

Deno.test("who holds next to nothing is not dropped, however little memory there is", () => {
  deepEqual(watched(99 * MB, [1_000, 60_000]).dropped, []);
});
