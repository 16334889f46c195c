import { deepEqual, equal, ok } from "node:assert/strict";
import { median, pairOrder, ratioOf } from "../../bench/load/comparison.ts";

Deno.test("the two come first in turn", () => {
  deepEqual(pairOrder(3), [["A", "B"], ["B", "A"], ["A", "B"]]);
  deepEqual(pairOrder(0), []);
});

Deno.test("what drifts with time is to the disadvantage of both", () => {
  const places = { A: 0, B: 0 };
  pairOrder(4).flat().forEach((name, place) => places[name] += place);
  equal(places.A, places.B);
});

Deno.test("a ratio has the median of its pairs and their spread", () => {
  deepEqual(ratioOf([200, 210, 190], [100, 100, 100]), {
    median: 2,
    least: 1.9,
    most: 2.1,
    isUncertain: false,
  });
});

Deno.test("a spread larger than the difference says so", () => {
  ok(ratioOf([100, 120, 105], [100, 100, 100])!.isUncertain);
  ok(ratioOf([90, 130, 110], [100, 100, 100])!.isUncertain);
  ok(!ratioOf([110, 112, 111], [100, 100, 100])!.isUncertain);
  ok(!ratioOf([50, 55, 52], [100, 100, 100])!.isUncertain);
  ok(!ratioOf([200, 700, 1_100], [100, 100, 100])!.isUncertain);
});

Deno.test("it is the same whoever is called A", () => {
  const [a, b] = [[55, 30, 60], [100, 100, 100]];
  equal(ratioOf(a, b)!.isUncertain, true);
  equal(ratioOf(b, a)!.isUncertain, true);
});

Deno.test("one pair has no spread and is uncertain", () => {
  ok(ratioOf([300], [100])!.isUncertain);
});

Deno.test("a pair without a figure is left out", () => {
  deepEqual(ratioOf([100, 200, 0, 200], [0, 100, 100, 100]), {
    median: 2,
    least: 2,
    most: 2,
    isUncertain: false,
  });
  equal(ratioOf([0], [0]), undefined);
  equal(ratioOf([], []), undefined);
});

Deno.test("the median of an even number is the mean of the two in the middle", () => {
  equal(median([4, 1, 3]), 3);
  equal(median([4, 1, 3, 2]), 2.5);
  equal(median([]), NaN);
});
