import { deepEqual, equal } from "node:assert/strict";
import { type RetentionRules, RetentionSweep } from "../../../src/store/write/retention.ts";

const NOW_S = 10_000;
const nothing: RetentionRules = {
  ages: [],
  maxBytes: Infinity,
  keptKinds: [],
  keptAuthors: new Set(),
};

function event(
  fields: { kind?: number; pubkey?: string; createdAt?: number; bytes?: number } = {},
) {
  return { id: "a1", pubkey: "b2", kind: 1, createdAt: 0, bytes: 100, ...fields };
}

function rangeOf(first: number, last = first) {
  return { first, last };
}

Deno.test("without rules no sweep is needed", () => {
  equal(new RetentionSweep(nothing, NOW_S).isNeeded, false);
  const forever = { ...nothing, ages: [{ kinds: rangeOf(0, 65_535), maxAgeS: Infinity }] };
  equal(new RetentionSweep(forever, NOW_S).isNeeded, false);
});

Deno.test("an event that is exactly as old as allowed stays", () => {
  const sweep = new RetentionSweep(
    { ...nothing, ages: [{ kinds: rangeOf(1), maxAgeS: 100 }] },
    NOW_S,
  );
  deepEqual([9_900, 9_899].map((createdAt) => sweep.condemns(event({ createdAt }))), [false, true]);
  equal(sweep.condemns(event({ kind: 2 })), false);
});

Deno.test("the first rule that contains a kind applies", () => {
  const ages = [
    { kinds: rangeOf(7), maxAgeS: Infinity },
    { kinds: rangeOf(5, 9), maxAgeS: 10 },
    { kinds: rangeOf(0, 65_535), maxAgeS: 1_000 },
  ];
  const sweep = new RetentionSweep({ ...nothing, ages }, NOW_S);
  const goes = (kind: number) => sweep.condemns(event({ kind, createdAt: 9_500 }));
  deepEqual([4, 5, 7, 9, 10].map(goes), [false, true, false, true, false]);
});

Deno.test("a sweep by age begins where an event can be too old, one by size at the newest", () => {
  const ages = [{ kinds: rangeOf(1), maxAgeS: 100 }, { kinds: rangeOf(2), maxAgeS: 50 }];
  equal(new RetentionSweep({ ...nothing, ages }, NOW_S).start.createdAt, 9_950);
  const bySize = new RetentionSweep({ ...nothing, maxBytes: 1 }, NOW_S);
  equal(bySize.start.createdAt, 2 ** 53);
  equal(bySize.isNeeded, true);
});

Deno.test("within the limit on bytes the newest events stay, and exempt ones stay in addition", () => {
  const rules = {
    ...nothing,
    maxBytes: 250,
    keptKinds: [rangeOf(0), rangeOf(3, 4)],
    keptAuthors: new Set(["friend"]),
  };
  const sweep = new RetentionSweep(rules, NOW_S);
  const goes = (fields: Parameters<typeof event>[0]) => sweep.condemns(event(fields));
  deepEqual([goes({}), goes({}), goes({}), goes({})], [false, false, true, true]);
  deepEqual([goes({ kind: 0 }), goes({ kind: 4 }), goes({ pubkey: "friend" })], [
    false,
    false,
    false,
  ]);
  equal(goes({ bytes: 1 }), true);
});
