import { deepEqual, equal } from "node:assert/strict";
import { maxHeldBytes, PacedReading, type PaceLimits } from "../../src/net/paced_reading.ts";
import { FakeClock } from "../kit/fake_clock.ts";

const pace: PaceLimits = {
  messages: { perSecond: 10, burst: 20 },
  bytes: { perSecond: 1000, burst: 2000 },
};

function reading(limits: PaceLimits | undefined = pace) {
  const clock = new FakeClock();
  const state = { flows: true, throttled: 0 };
  const paced = new PacedReading({
    stream: { pause: () => state.flows = false, resume: () => state.flows = true },
    clock,
    pace: limits,
    onThrottled: () => state.throttled++,
  });
  return { clock, state, paced };
}

Deno.test("within its burst a peer is not slowed down", () => {
  const { state, paced } = reading();
  equal(paced.note(2000, 20), true);
  deepEqual(state, { flows: true, throttled: 0 });
});

Deno.test("a peer that sends too many messages waits until the debt is paid", () => {
  const { clock, state, paced } = reading();
  equal(paced.note(1, 30), true);
  deepEqual(state, { flows: false, throttled: 1 });
  clock.advance(999);
  equal(state.flows, false);
  clock.advance(1);
  equal(state.flows, true);
  equal(clock.timerCount, 0);
});

Deno.test("so does one that sends too many bytes", () => {
  const { clock, state, paced } = reading();
  equal(paced.note(4000, 1), true);
  clock.advance(1999);
  equal(state.flows, false);
  clock.advance(1);
  equal(state.flows, true);
});

Deno.test("the pace does not start what its holder has stopped, nor the holder what the pace has", () => {
  const { clock, state, paced } = reading();
  paced.pause();
  paced.note(1, 30);
  clock.advance(1000);
  equal(state.flows, false);
  paced.resume();
  equal(state.flows, true);
  paced.note(1, 20);
  paced.resume();
  equal(state.flows, false);
  clock.advance(2000);
  equal(state.flows, true);
});

Deno.test("a peer that would have to wait too long is not waited for", () => {
  const { paced } = reading();
  equal(paced.note(1, 120), true);
  equal(paced.note(1, 1), false);
});

Deno.test("a connection that ends is read to its end, whatever held it", () => {
  const { clock, state, paced } = reading();
  paced.pause();
  paced.note(1, 30);
  paced.release();
  equal(state.flows, true);
  equal(clock.timerCount, 0);
  equal(paced.note(1_000_000, 1_000_000), true);
  equal(state.flows, true);
});

Deno.test("without limits nothing is counted", () => {
  const clock = new FakeClock();
  const paced = new PacedReading({ stream: { pause() {}, resume() {} }, clock });
  equal(paced.note(1e12, 1e12), true);
  equal(clock.timerCount, 0);
});

Deno.test("a pong that is waited for is looked for in spite of the holder, in so much and no more", () => {
  const { state, paced } = reading(undefined);
  paced.pause();
  equal(state.flows, false);
  paced.expectPong(true);
  equal(state.flows, true);
  paced.note(maxHeldBytes - 1, 1);
  equal(state.flows, true);
  paced.note(1, 1);
  equal(state.flows, false);
  paced.expectPong(false);
  paced.expectPong(true);
  equal(state.flows, false, "it has been looked for");
  paced.resume();
  equal(state.flows, true);
  paced.note(maxHeldBytes, 1);
  paced.pause();
  equal(state.flows, true, "and is again each time");
  paced.expectPong(false);
  equal(state.flows, false);
});

Deno.test("who waits for a pong starts nothing that nobody reads yet, and pays no debt", () => {
  const { clock, state, paced } = reading();
  state.flows = false;
  paced.expectPong(true);
  equal(state.flows, false);
  paced.resume();
  paced.pause();
  equal(state.flows, true);
  paced.note(1, 30);
  equal(state.flows, false);
  paced.expectPong(false);
  paced.expectPong(true);
  equal(state.flows, false);
  clock.advance(1000);
  equal(state.flows, true);
});

Deno.test("what throws when the pace is over is told, and throws no further", () => {
  const clock = new FakeClock();
  const faults: unknown[] = [];
  const reading = new PacedReading({
    stream: {
      pause() {},
      resume() {
        throw new Error("bug");
      },
    },
    clock,
    pace: { messages: { perSecond: 1, burst: 1 }, bytes: { perSecond: 1000, burst: 1000 } },
    onFault: (error) => faults.push(error),
  });
  reading.note(1, 2);
  clock.advance(2000);
  equal(faults.length, 1);
});
