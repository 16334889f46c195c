import { equal } from "node:assert/strict";
import { Latch } from "../../src/base/latch.ts";

Deno.test("a latch gives its first value once and stays tripped", () => {
  const latch = new Latch<"end", number>("end");
  equal(latch.ready, false);
  latch.trip(1);
  latch.trip(2);
  equal(latch.ready, true);
  equal(latch.take(), 1);
  equal(latch.ready, false);
  equal(latch.tripped, true);
});

Deno.test("tripping wakes the reader once", () => {
  const latch = new Latch("end");
  let woken = 0;
  latch.wake = () => void woken++;
  latch.trip();
  latch.trip();
  equal(woken, 1);
});
