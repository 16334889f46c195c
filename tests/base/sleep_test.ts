import { equal } from "node:assert/strict";
import { sleep } from "../../src/base/sleep.ts";
import { FakeClock } from "../kit/fake_clock.ts";

Deno.test("sleep ends when the time is over, and not before", async () => {
  const clock = new FakeClock();
  let isAwake = false;
  const sleeping = sleep(1_000, clock).then(() => isAwake = true);
  clock.advance(999);
  await Promise.resolve();
  equal(isAwake, false);
  clock.advance(1);
  await sleeping;
  equal(isAwake, true);
});

Deno.test("an aborted sleep ends at once and leaves no timer", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const sleeping = sleep(1_000, clock, controller.signal);
  equal(clock.timerCount, 1);
  controller.abort();
  await sleeping;
  equal(clock.timerCount, 0);
  await sleep(1_000, clock, controller.signal);
  equal(clock.timerCount, 0);
});
