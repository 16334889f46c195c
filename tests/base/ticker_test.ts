import { equal } from "node:assert/strict";
import { Ticker } from "../../src/base/ticker.ts";
import { FakeClock } from "../kit/fake_clock.ts";

Deno.test("a ticker is ready once a period", () => {
  const clock = new FakeClock();
  const ticker = new Ticker("ping", clock, 1_000);
  clock.advance(999);
  equal(ticker.ready, false);
  clock.advance(1);
  equal(ticker.ready, true);
  ticker.take();
  equal(ticker.ready, false);
  clock.advance(1_000);
  equal(ticker.ready, true);
  ticker.stop();
});

Deno.test("missed ticks are one tick", () => {
  const clock = new FakeClock();
  const ticker = new Ticker("ping", clock, 1_000);
  clock.advance(5_000);
  ticker.take();
  equal(ticker.ready, false);
  ticker.stop();
});

Deno.test("a stopped ticker holds no timer and is never ready", () => {
  const clock = new FakeClock();
  const ticker = new Ticker("ping", clock, 1_000);
  clock.advance(1_000);
  ticker.stop();
  equal(ticker.ready, false);
  equal(clock.timerCount, 0);
});
