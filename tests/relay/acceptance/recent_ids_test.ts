import { equal, throws } from "node:assert/strict";
import { RecentIds } from "../../../src/relay/acceptance/recent_ids.ts";

Deno.test("recent ids are known until as many others came", () => {
  const recent = new RecentIds(100);
  for (let id = 0; id < 50; id++) recent.add(`${id}`);
  equal(recent.has("0"), true);
  for (let id = 50; id < 150; id++) recent.add(`${id}`);
  equal(recent.has("0"), false);
  equal(recent.has("149"), true);
});

Deno.test("at least half of the capacity is always known", () => {
  const recent = new RecentIds(100);
  for (let id = 0; id < 1_000; id++) {
    recent.add(`${id}`);
    for (let back = 0; back < Math.min(50, id); back++) equal(recent.has(`${id - back}`), true);
  }
});

Deno.test("no capacity is our own mistake", () => {
  throws(() => new RecentIds(0), /at least one/);
});

Deno.test("what is deleted is no longer known, in either generation", () => {
  const recent = new RecentIds(4);
  for (const id of ["a", "b", "c"]) recent.add(id);
  for (const id of ["a", "c", "z"]) recent.delete(id);
  equal([..."abc"].filter((id) => recent.has(id)).join(), "b");
  recent.clear();
  equal(recent.has("b"), false);
});
