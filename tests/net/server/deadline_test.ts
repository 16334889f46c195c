import { equal } from "node:assert/strict";
import { Deadline } from "../../../src/net/server/deadline.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

function counted() {
  const clock = new FakeClock();
  const late = { count: 0 };
  return { clock, late, deadline: new Deadline(clock, 1000, () => late.count++) };
}

Deno.test("a deadline that nobody started never passes", () => {
  const { clock, late } = counted();
  clock.advance(10_000);
  equal(late.count, 0);
});

Deno.test("each restart puts it off, and it passes once", () => {
  const { clock, late, deadline } = counted();
  deadline.restart();
  clock.advance(999);
  deadline.restart();
  clock.advance(999);
  equal(late.count, 0);
  clock.advance(1);
  equal(late.count, 1);
  clock.advance(10_000);
  equal(late.count, 1);
});

Deno.test("a deadline that was stopped leaves no timer", () => {
  const { clock, late, deadline } = counted();
  deadline.restart();
  deadline.stop();
  deadline.stop();
  equal(clock.timerCount, 0);
  clock.advance(10_000);
  equal(late.count, 0);
});
