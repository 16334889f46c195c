import { deepEqual, equal, ok } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import {
  authorsStatement,
  countStatement,
  keysStatement,
} from "../../../src/store/read/count_statement.ts";
import { plansOf } from "../../../src/store/read/plan.ts";

function planOf(fields: Partial<ReqFilter>) {
  return plansOf({ tags: new Map(), ...fields }, portableHashText)[0]!;
}

const tagged = { kinds: new Set([1]), tags: new Map([["t", new Set(["a", "b"])]]) };

Deno.test("one row more than the bound is looked at, in each lane and altogether", () => {
  const { text, parameters } = countStatement(planOf({ kinds: new Set([1, 7]) }), 100);
  deepEqual(parameters, ["{0,1}", "{1,7}", 0, 2 ** 53, 101]);
  equal(text.match(/limit \$5::int8/g)?.length, 2);
});

Deno.test("what is left to check is no condition of the look, so that it cannot go on for ever", () => {
  const { text } = countStatement(
    planOf({ ids: new Set(["a".repeat(64)]), kinds: new Set([1]) }),
    9,
  );
  ok(text.startsWith("select count(*), count(*) filter (where hit.kind = any("));
});

Deno.test("an event that stands in several lanes counts once", () => {
  ok(countStatement(planOf(tagged), 9).text.includes("count(distinct case when"));
});

Deno.test("keys come from the table that the plan reads", () => {
  ok(keysStatement(planOf({}), 9).text.startsWith("select hit.key, "));
  ok(keysStatement(planOf(tagged), 9).text.startsWith("select hit.event, "));
});

Deno.test("of an author's key the byte at the offset comes, and what is scanned behind it", () => {
  const plan = planOf({ kinds: new Set([3]), tags: new Map([["p", new Set(["a".repeat(64)])]]) });
  const { text, parameters } = authorsStatement(plan, { maxRows: 9, offset: 18 });
  equal(parameters.at(-1), 18);
  ok(text.includes(`substring(hit.pubkey from $${parameters.length}::int4 + 1 for 8)`));
});
