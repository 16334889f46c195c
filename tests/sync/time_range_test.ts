import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { halves, rangeOf, timesOf } from "../../src/sync/time_range.ts";

Deno.test("a range that is split has both parts, without a gap, and comes to its end", () => {
  const second = fc.integer({ min: 0, max: 2 ** 34 });
  fc.assert(fc.property(second, second, fc.boolean(), (one, other, isLater) => {
    let range = { since: Math.min(one, other), until: Math.max(one, other) };
    let splits = 0;
    while (range.since < range.until) {
      const [earlier, later] = halves(range);
      deepEqual([earlier.since, later.until], [range.since, range.until]);
      equal(later.since, earlier.until + 1);
      ok(earlier.since <= earlier.until && later.since <= later.until);
      range = isLater ? later : earlier;
      splits++;
    }
    ok(splits <= 70, `${splits} splits`);
  }));
});

Deno.test("what a filter leaves open is left open towards the other relay", () => {
  deepEqual(timesOf(rangeOf({ tags: new Map() })), {});
  deepEqual(timesOf(rangeOf({ tags: new Map(), since: 5, until: 9 })), { since: 5, until: 9 });
});
