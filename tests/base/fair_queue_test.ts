import { deepEqual, equal } from "node:assert/strict";
import { FairQueue } from "../../src/base/fair_queue.ts";

Deno.test("a client with thousands of items delays another by one, on any number of connections", () => {
  const queue = new FairQueue<string>();
  const connections = Array.from({ length: 50 }, () => ({}));
  for (let i = 0; i < 5_000; i++) {
    queue.push("flood", { client: "a", connection: connections[i % 50]! });
  }
  queue.push("honest", { client: "b", connection: {} });
  deepEqual([queue.shift(), queue.shift(), queue.shift()], ["flood", "honest", "flood"]);
});

Deno.test("the connections of a client take turns, and each keeps its order", () => {
  const queue = new FairQueue<number>();
  const [first, second] = [{}, {}];
  for (const item of [1, 2, 3, 4, 5]) queue.push(item, { client: "a", connection: first });
  queue.push(10, { client: "a", connection: second });
  deepEqual(queue.clear(), [1, 10, 2, 3, 4, 5]);
  equal(queue.size, 0);
  equal(queue.shift(), undefined);
});

Deno.test("items without a source come in the order in which they were added", () => {
  const queue = new FairQueue<number>();
  const items = Array.from({ length: 1_000 }, (_, i) => i);
  for (const item of items) queue.push(item);
  deepEqual(queue.clear(), items);
});

Deno.test("a deleted item is gone, and so is an empty source", () => {
  const queue = new FairQueue<string>();
  const [first, second] = [{ client: "a", connection: {} }, { client: "b", connection: {} }];
  for (const item of ["a1", "a2", "a3"]) queue.push(item, first);
  queue.push("b1", second);
  equal(queue.shift(), "a1");
  equal(queue.delete("a1", first), false, "it was given out");
  equal(queue.delete("b1", second), true);
  equal(queue.delete("b1", second), false);
  equal(queue.delete("a3", first), true);
  deepEqual([queue.size, queue.clear()], [1, ["a2"]]);
});
