import { deepEqual, equal } from "node:assert/strict";
import { RowRates } from "../../../src/relay/acceptance/row_rates.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { someEvent } from "../../kit/records.ts";

const tagged = (count: number) =>
  someEvent({ tags: Array.from({ length: count }, () => ["t", "x"]) });

Deno.test("a client may write so many rows at once, and so many a second after that", () => {
  const clock = new FakeClock();
  const rates = new RowRates({ perSecond: 100, burst: 1_000 }, clock);
  const admitted = () => {
    let count = 0;
    while (rates.admits(tagged(99), "a")) count++;
    return count;
  };
  equal(admitted(), 10);
  clock.advance(2_000);
  equal(admitted(), 2);
  equal(rates.admits(tagged(99), "b"), true, "another client is not concerned");
});

Deno.test("an event with more rows than come at once passes when nothing else has", () => {
  const clock = new FakeClock();
  const rates = new RowRates({ perSecond: 100, burst: 1_000 }, clock);
  deepEqual([rates.admits(tagged(5_000), "a"), rates.admits(tagged(0), "a")], [true, false]);
});
