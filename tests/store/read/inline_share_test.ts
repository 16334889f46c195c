import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { inlineShare } from "../../../src/store/read/inline_share.ts";

const PAGE = 500;
const MIB = 2 ** 20;

function part(limit: number, lanes = 1) {
  return { limit, lanes: { length: lanes } };
}

Deno.test("of few rows each may be long, and of many all together stay within a few MiB", () => {
  deepEqual(inlineShare([part(1)], PAGE), { mostBytes: 16_384, leaseBytes: 16_384 });
  deepEqual(inlineShare([part(500)], PAGE), { mostBytes: 8_388, leaseBytes: 4 * MIB });
  deepEqual(inlineShare([part(Infinity)], PAGE), inlineShare([part(500)], PAGE));
});

Deno.test("of many lanes a page may be there three times", () => {
  const { mostBytes, leaseBytes } = inlineShare([part(500, 2)], PAGE);
  deepEqual([mostBytes, leaseBytes], [Math.floor(4 * MIB / 1_500), 4 * MIB]);
});

Deno.test("what is merged keeps JSON only when all of it is one page", () => {
  equal(inlineShare([part(250), part(250)], PAGE).mostBytes, 8_388);
  deepEqual(inlineShare([part(250), part(251)], PAGE), { mostBytes: 0, leaseBytes: 0 });
  deepEqual(inlineShare([part(250), part(Infinity)], PAGE), { mostBytes: 0, leaseBytes: 0 });
});

Deno.test("nothing has no share", () => {
  deepEqual(inlineShare([], PAGE), { mostBytes: 0, leaseBytes: 0 });
  deepEqual(inlineShare([part(0)], PAGE), { mostBytes: 0, leaseBytes: 0 });
});

Deno.test("all that may come along has room, whatever is asked", () => {
  const parts = fc.array(
    fc.record({ limit: fc.integer({ min: 0, max: 2_000 }), lanes: fc.integer({ min: 1, max: 9 }) }),
    { maxLength: 8 },
  );
  fc.assert(fc.property(parts, (asked) => {
    const all = asked.map(({ limit, lanes }) => part(limit, lanes));
    const { mostBytes, leaseBytes } = inlineShare(all, PAGE);
    const rows = asked.reduce(
      (sum, { limit, lanes }) => sum + Math.min(limit, PAGE) * (lanes > 1 ? 3 : 1),
      0,
    );
    ok(rows * mostBytes <= leaseBytes && leaseBytes <= 4 * MIB);
  }));
});
