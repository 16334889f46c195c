import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { SeqWindow } from "../../../src/store/feed/seq_window.ts";

Deno.test("a number is new once, and never at or below the floor", () => {
  const step = fc.record({ raise: fc.boolean(), seq: fc.integer({ min: 1, max: 50 }) });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const window = new SeqWindow();
    const seen = new Set<number>();
    let floor = 0;
    for (const { raise, seq } of steps) {
      if (raise) window.raise(floor = Math.max(floor, seq));
      else {
        equal(window.add(seq), seq > floor && !seen.has(seq));
        seen.add(seq);
      }
      for (let other = 1; other <= 50; other++) {
        equal(window.has(other), other <= floor || seen.has(other));
      }
    }
    equal(window.floor, floor);
  }));
});

Deno.test("raising the floor frees the numbers below it, lowering it changes nothing", () => {
  const window = new SeqWindow();
  for (let seq = 1; seq <= 100; seq++) window.add(seq);
  window.raise(90);
  equal(window.size, 10);
  window.raise(50);
  equal(window.floor, 90);
});

Deno.test("too many numbers raise the floor", () => {
  const window = new SeqWindow(100);
  for (let seq = 1; seq <= 1_000; seq++) equal(window.add(seq), true);
  ok(window.size <= 100);
  equal(window.has(1_000), true);
});
