import { deepEqual, notDeepEqual, ok } from "node:assert/strict";
import { SeededRandom } from "./seeded_random.ts";

Deno.test("the same seed gives the same numbers, another seed gives others", () => {
  deepEqual(draw(new SeededRandom(7)), draw(new SeededRandom(7)));
  notDeepEqual(draw(new SeededRandom(7)), draw(new SeededRandom(8)));
});

Deno.test("int covers its range evenly and nothing beyond it", () => {
  const random = new SeededRandom(1);
  const counts = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 70_000; i++) counts[random.int(7)]! += 1;
  deepEqual(counts.length, 7);
  for (const count of counts) ok(count > 9_500 && count < 10_500, `${counts}`);
});

Deno.test("between includes both ends", () => {
  const random = new SeededRandom(2);
  const seen = new Set(Array.from({ length: 200 }, () => random.between(3, 5)));
  deepEqual([...seen].sort(), [3, 4, 5]);
});

Deno.test("skewed prefers small numbers and stays below its bound", () => {
  const random = new SeededRandom(3);
  const drawn = Array.from({ length: 10_000 }, () => random.skewed(100));
  ok(drawn.every((value) => value >= 0 && value < 100));
  ok(drawn.filter((value) => value < 10).length > 4_000);
});

Deno.test("bytes takes each value about as often", () => {
  const counts = new Map<number, number>();
  for (const byte of new SeededRandom(4).bytes(256 * 200)) {
    counts.set(byte, (counts.get(byte) ?? 0) + 1);
  }
  deepEqual(counts.size, 256);
  for (const count of counts.values()) ok(count > 120 && count < 280, `${count}`);
});

function draw(random: SeededRandom): unknown {
  return [random.uint32(), random.int(100), random.fraction(), random.bytes(8), random.chance(0.5)];
}

Deno.test("shuffled gives each item once", () => {
  const random = new SeededRandom(1);
  const items = Array.from({ length: 100 }, (_, number) => number);
  const shuffled = random.shuffled(items);
  notDeepEqual(shuffled, items);
  deepEqual(shuffled.toSorted((a, b) => a - b), items);
});
