import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { TimeBudget } from "../../../src/store/database/time_budget.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { settle } from "../../kit/fake_relay.ts";

const late = { name: "QueryTimedOut", message: "the query took longer than 1000 ms" };

Deno.test("work that ends in time gives its result, and leaves no timer", async () => {
  const clock = new FakeClock();
  const timeBudget = new TimeBudget(1_000, clock);
  equal(await timeBudget.within(Promise.resolve(7), () => {}), 7);
  const broken = new Error("broken");
  await rejects(timeBudget.within(Promise.reject(broken), () => {}), broken);
  equal(clock.timerCount, 0);
});

Deno.test("work that takes longer is stopped once, and its end is not waited for", async () => {
  const clock = new FakeClock();
  const timeBudget = new TimeBudget(1_000, clock);
  const work = Promise.withResolvers<number>();
  let stops = 0;
  const answer = timeBudget.within(work.promise, () => stops++);
  clock.advance(999);
  equal(stops, 0);
  clock.advance(1);
  await rejects(answer, late);
  equal(stops, 1);
  work.reject(new Error("cancelled"));
  await settle();
  equal(clock.timerCount, 0);
});

Deno.test("the budget is for all work together, without the pauses", async () => {
  const clock = new FakeClock();
  const timeBudget = new TimeBudget(1_000, clock);
  const take = async (ms: number) => {
    const work = Promise.withResolvers<void>();
    const answer = timeBudget.within(work.promise, () => {});
    clock.advance(ms);
    work.resolve();
    await answer;
  };
  await take(600);
  clock.advance(10_000);
  timeBudget.check();
  await rejects(take(400), late);
  throws(() => timeBudget.check(), late);
});

Deno.test("concurrent work has the same budget", async () => {
  const clock = new FakeClock();
  const timeBudget = new TimeBudget(1_000, clock);
  const never = new Promise<void>(() => {});
  const stopped: string[] = [];
  const both = ["a", "b"].map((name) => timeBudget.within(never, () => stopped.push(name)));
  clock.advance(1_000);
  for (const answer of both) await rejects(answer, late);
  deepEqual(stopped, ["a", "b"]);
});
