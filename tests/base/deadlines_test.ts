/**
 * Deadlines against a timer each.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { type Deadline, Deadlines } from "../../src/base/deadlines.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

Deno.test("deadlines pass in the order and at the times that a timer each would give", () => {
  const random = new SeededRandom(7);
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock, 100);
  const passed: string[] = [];
  const expected: string[] = [];
  const open: (() => void)[] = [];
  for (let at = 0; at < 2_000; at++) {
    const deadline = deadlines.set(() => passed.push(`${at} at ${clock.monotonicMs()}`));
    const timer = clock.after(100, () => expected.push(`${at} at ${clock.monotonicMs()}`));
    open.push(() => {
      deadline.cancel();
      timer.cancel();
    });
    if (random.int(2) === 0) random.pick(open)();
    if (random.int(3) === 0) clock.advance(random.int(40));
  }
  clock.advance(100);
  equal(expected.length > 200, true);
  deepEqual(passed, expected, "seed 7");
});

Deno.test("a deadline may set and cancel others while it passes", () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock, 10);
  const passed: string[] = [];
  let second: Deadline | undefined = undefined;
  deadlines.set(() => {
    passed.push("first");
    second?.cancel();
    deadlines.set(() => passed.push("third"));
  });
  second = deadlines.set(() => passed.push("second"));
  clock.advance(10);
  deepEqual(passed, ["first"]);
  clock.advance(5);
  deadlines.set(() => passed.push("fourth"));
  clock.advance(5);
  deepEqual(passed, ["first", "third"]);
  clock.advance(5);
  deepEqual(passed, ["first", "third", "fourth"]);
});

Deno.test("no timer is left when the last deadline is cancelled", () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock, 10);
  const [first, second] = [deadlines.set(() => {}), deadlines.set(() => {})];
  first.cancel();
  equal(clock.timerCount, 1);
  second.cancel();
  equal(clock.timerCount, 0);
});
