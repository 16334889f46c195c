import { deepEqual, equal } from "node:assert/strict";
import { Renewable } from "../../src/store/renewable.ts";

/** Groups that have numbers, and end when they are told to. */
function numbered() {
  const ended: number[] = [];
  const release = Promise.withResolvers<void>();
  let made = 0;
  const groups = new Renewable(() => {
    const number = ++made;
    return {
      number,
      end: async () => {
        await release.promise;
        ended.push(number);
      },
    };
  });
  return { groups, ended, release: release.resolve };
}

Deno.test("a group is replaced once, however many of its connections are lost", () => {
  const { groups } = numbered();
  const first = groups.current;
  groups.lost(first);
  groups.lost(first);
  equal(groups.current.number, 2);
  groups.lost(groups.current);
  equal(groups.current.number, 3);
});

Deno.test("the end waits for those that were replaced, and none comes after it", async () => {
  const { groups, ended, release } = numbered();
  const first = groups.current;
  groups.lost(first);
  const ending = groups.end();
  groups.lost(groups.current);
  equal(groups.current.number, 2);
  release();
  await ending;
  deepEqual(ended, [1, 2]);
});
