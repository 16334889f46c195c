import { equal, ok } from "node:assert/strict";
import { systemClock } from "../../../src/app/system/system_clock.ts";

Deno.test("the wall clock counts milliseconds since 1970", () => {
  ok(systemClock.nowMs() > Date.UTC(2025, 0, 1));
});

Deno.test("the monotonic clock never goes back", () => {
  let last = systemClock.monotonicMs();
  for (let round = 0; round < 1000; round++) {
    const now = systemClock.monotonicMs();
    ok(now >= last);
    last = now;
  }
});

Deno.test("after calls once, every calls until it is cancelled", async () => {
  let calls = 0;
  const beats = Promise.withResolvers<void>();
  const beat = systemClock.every(0, () => {
    if (++calls === 3) beats.resolve();
  });
  await beats.promise;
  beat.cancel();
  await new Promise<void>((resolve) => void systemClock.after(0, resolve));
  equal(calls, 3);
});

Deno.test("a timer that was cancelled does not call, and may be cancelled again", async () => {
  const timer = systemClock.after(0, () => {
    throw new Error("called");
  });
  timer.cancel();
  timer.cancel();
  await new Promise<void>((resolve) => void systemClock.after(1, resolve));
  ok(timer);
});
