import { deepEqual, equal } from "node:assert/strict";
import { Schedule } from "../../bench/load/schedule.ts";

Deno.test("messages are due at a fixed rate from the start", () => {
  const schedule = new Schedule(1_000, 5);
  deepEqual([0, 0.9, 1, 1.5, 2].map((ms) => schedule.dueBy(ms)), [1, 1, 2, 2, 3]);
  deepEqual([0, 1, 4].map((at) => schedule.dueMs(at)), [0, 1, 4]);
});

Deno.test("no more are due than there are, and none before the start", () => {
  const schedule = new Schedule(1_000, 5);
  equal(schedule.dueBy(1e9), 5);
  equal(schedule.dueBy(-1), 0);
  equal(new Schedule(1_000, 0).dueBy(10), 0);
});

Deno.test("what is due has a time that has passed", () => {
  const schedule = new Schedule(700, 10_000);
  for (let ms = 0; ms < 2_000; ms += 7) {
    const due = schedule.dueBy(ms);
    equal(schedule.dueMs(due - 1) <= ms, true);
    equal(schedule.dueMs(due) > ms - 1e-6, true);
  }
});

Deno.test("a relay that stops for a second is seen in all that was due in that second", () => {
  const schedule = new Schedule(1_000, 2_000);
  const stops = (dueMs: number) => dueMs >= 500 && dueMs < 1_500 ? 1_500 : dueMs;
  const latencies = Array.from({ length: 2_000 }, (_, at) => {
    const dueMs = schedule.dueMs(at);
    return stops(dueMs) - dueMs;
  });
  equal(latencies.filter((ms) => ms > 500).length, 500);
});
