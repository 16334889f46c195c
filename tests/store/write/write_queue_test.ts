import { deepEqual, equal } from "node:assert/strict";
import { WriteQueue } from "../../../src/store/write/write_queue.ts";

const room = { maxEvents: 4, maxBytes: 100, maxRows: 100 };

function laneOf(...names: readonly string[]) {
  const lane = new WriteQueue<{ source: string; name: string; bytes: number; rows: number }>();
  for (const name of names) lane.push({ source: name[0]!, name, bytes: 10, rows: 10 });
  const take = (limits: Partial<typeof room> = {}) =>
    lane.take({ ...room, ...limits }).map(({ name }) => name);
  return { lane, take };
}

Deno.test("sources take turns, and each keeps its order", () => {
  const { lane, take } = laneOf("a1", "a2", "a3", "a4", "b1", "c1", "c2");
  deepEqual(take(), ["a1", "b1", "c1", "a2"]);
  deepEqual(take(), ["c2", "a3", "a4"]);
  deepEqual([take(), lane.length], [[], 0]);
});

Deno.test("a batch is limited in every way and has at least one event", () => {
  for (const limits of [{ maxEvents: 2 }, { maxBytes: 25 }, { maxRows: 25 }]) {
    deepEqual(laneOf("a1", "a2", "a3").take(limits), ["a1", "a2"]);
  }
  deepEqual(laneOf("a1", "a2").take({ maxRows: 1 }), ["a1"]);
});

Deno.test("a source that comes back after its turn waits behind the others", () => {
  const { lane, take } = laneOf("a1", "b1", "c1");
  deepEqual(take({ maxEvents: 1 }), ["a1"]);
  lane.push({ source: "a", name: "a2", bytes: 1, rows: 1 });
  equal(lane.length, 3);
  deepEqual(lane.takeAll().map(({ name }) => name), ["b1", "c1", "a2"]);
});
