import { equal } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { plansOf } from "../../../src/store/read/plan.ts";
import { isLight, isShort } from "../../../src/store/read/query_size.ts";

const key = (n: number) => n.toString(16).padStart(64, "0");
const keys = (count: number) => new Set(Array.from({ length: count }, (_, n) => key(n)));

function isShortFilter(filter: Partial<ReqFilter>): boolean {
  return plansOf({ tags: new Map(), limit: 100, ...filter }, portableHashText).every(isShort);
}

Deno.test("ids, profiles, an author's newest and replies are short", () => {
  equal(isShortFilter({ ids: keys(50) }), true);
  equal(isShortFilter({ authors: keys(1), kinds: new Set([0]) }), true);
  equal(isShortFilter({ authors: keys(1) }), true);
  equal(isShortFilter({ tags: new Map([["e", keys(1)]]), kinds: new Set([1]) }), true);
});

Deno.test("many values, all rows, and conditions on each row are not", () => {
  equal(isShortFilter({ authors: keys(500), kinds: new Set([1]) }), false);
  equal(isShortFilter({ limit: Infinity }), false);
  equal(isShortFilter({ tags: new Map([["e", keys(1)], ["p", keys(1)]]) }), false);
  equal(isShortFilter({ ids: keys(1), kinds: new Set([1]) }), false);
});

Deno.test("many short statements together are not light", () => {
  const part = (lanes: number, limit: number) => ({
    lanes: Array.from({ length: lanes }, () => []),
    limit,
  });
  equal(isLight([part(50, 500), part(50, 500)]), true);
  equal(isLight([part(50, 1), part(50, 1), part(1, 1)]), false);
  equal(isLight([part(1, 500), part(1, 500), part(1, 1)]), false);
});
