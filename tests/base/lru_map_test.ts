import { deepEqual, equal, throws } from "node:assert/strict";
import { LruMap } from "../../src/base/lru_map.ts";

function holding(map: LruMap<string, number>): string[] {
  return ["a", "b", "c", "d"].filter((key) => map.get(key) !== undefined);
}

Deno.test("the entry that was used least recently makes room, used meaning read or written", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  deepEqual(holding(map), ["a", "c"]);
  map.get("a");
  map.set("d", 5);
  deepEqual(holding(map), ["a", "d"]);
  equal(map.get("a"), 3);
});

Deno.test("what is written again or deleted costs nobody their place", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("b", 3);
  deepEqual(holding(map), ["a", "b"]);
  map.delete("a");
  map.delete("c");
  equal(map.size, 1);
  map.set("c", 1);
  deepEqual(holding(map), ["b", "c"]);
});

Deno.test("a map without room is a mistake", () => {
  throws(() => new LruMap(0));
});
