import { deepEqual, equal } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { ANY_LENGTH } from "../../../src/store/read/body_statement.ts";
import { authorFingerprint, idPrefixOf } from "../../../src/store/fingerprint.ts";
import { plansOf } from "../../../src/store/read/plan.ts";
import type { LaneStart } from "../../../src/store/read/scan.ts";
import { selectStatement } from "../../../src/store/read/select_statement.ts";

// The texts below are what a database is asked; that they mean what the filter means is in
// tests/contract. Columns before `from` and white space are left out.

const A = "a".repeat(64);
const B = "b".repeat(64);

const author = (pubkey: string) => authorFingerprint(pubkey, portableHashText);

/** The first plan's statement for its lanes from their start, or from behind a place. */
function statementFor(fields: Partial<ReqFilter>, after?: LaneStart["after"]) {
  const [plan] = plansOf({ tags: new Map(), limit: 20, ...fields }, portableHashText);
  const starts = plan!.lanes.map((_, lane) => ({ lane, after }));
  const { text, parameters } = selectStatement(plan!, { starts, perLane: 10, limit: 20 });
  return { from: squeeze(text.slice(text.indexOf("\nfrom"))), text, parameters };
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/(?<=\() | (?=\))/g, "").trim();
}

Deno.test("lanes from their start: keys from the index, then the JSON of those that won", () => {
  const { from, parameters } = statementFor({ authors: new Set([A, B]), kinds: new Set([1]) });
  equal(
    from,
    squeeze(`
    from (
      select lane.number as number, hit.created_at, hit.head
      from unnest($1::int4[], $2::uuid[], $3::int4[]) as lane (number, author, kind)
      cross join lateral (
        select hit.created_at, hit.head from events as hit
        where hit.author = lane.author and hit.kind = lane.kind and hit.created_at >= 0
          and hit.created_at >= $4::int8 and hit.created_at < $5::int8
        order by hit.created_at desc, hit.head limit $6::int8) as hit
      order by hit.created_at desc, hit.head, number limit $7::int8) as found
    join events on events.head = found.head
    order by found.created_at desc, found.head, found.number`),
  );
  deepEqual(parameters, [
    "{0,1}",
    `{${author(A)},${author(B)}}`,
    "{1,1}",
    0,
    2 ** 53,
    10,
    20,
    ANY_LENGTH,
  ]);
});

Deno.test("lanes from a place: the rest of its second, then what is older", () => {
  const { from, parameters } = statementFor({ kinds: new Set([1, 2]), since: 5 }, {
    createdAt: 9,
    id: A,
  });
  equal(
    from,
    squeeze(`
    from (
      select lane.number as number, hit.created_at, hit.head
      from unnest($1::int4[], $2::int4[], $3::int8[], $4::uuid[]) as lane (number, kind, at, after)
      cross join lateral ((
        select hit.created_at, hit.head from events as hit
        where hit.kind = lane.kind and hit.created_at = lane.at and hit.head > lane.after
        order by hit.created_at desc, hit.head limit $6::int8)
      union all (
        select hit.created_at, hit.head from events as hit
        where hit.kind = lane.kind and hit.created_at >= $5::int8 and hit.created_at < lane.at
        order by hit.created_at desc, hit.head limit $6::int8)
      limit $6::int8) as hit
      order by hit.created_at desc, hit.head, number limit $7::int8) as found
    join events on events.head = found.head
    order by found.created_at desc, found.head, found.number`).replaceAll(
      "( select hit",
      "(select hit",
    ),
  );
  deepEqual(parameters, [
    "{0,1}",
    "{1,2}",
    "{9,9}",
    `{${idPrefixOf(A)},${idPrefixOf(A)}}`,
    5,
    10,
    20,
    ANY_LENGTH,
  ]);
});

Deno.test("lanes that share events: places are counted, and the JSON comes once", () => {
  const { from, text } = statementFor({
    tags: new Map([["t", new Set(["x", "y"])]]),
    kinds: new Set([1]),
  });
  equal(
    from,
    squeeze(`
    from (
      select ranked.number, ranked.created_at, ranked.head from (
        select *, dense_rank() over (order by created_at desc, head) as place from (
          select lane.number as number, hit.created_at, hit.head
          from unnest($1::int4[], $2::uuid[], $3::int4[]) as lane (number, tag, kind)
          cross join lateral (
            select hit.created_at, hit.head from tags as hit
            where hit.tag = lane.tag and hit.kind = lane.kind and hit.event > 0
              and hit.created_at >= $4::int8 and hit.created_at < $5::int8
            order by hit.created_at desc, hit.head limit $6::int8) as hit) as found) as ranked
      where ranked.place <= $7::int8) as found
    join events on events.head = found.head
    order by found.created_at desc, found.head, found.number`),
  );
  equal(text.includes("case when lag(found.head)"), true);
});

Deno.test("a single lane is no table: its values are parameters", () => {
  const { from, parameters } = statementFor({ kinds: new Set([1]) }, { createdAt: 9, id: A });
  equal(
    from,
    squeeze(`
    from (
      select $1::int4 as number, hit.created_at, hit.head
      from ((
        select hit.created_at, hit.head from events as hit
        where hit.kind = $2::int4 and hit.created_at = $3::int8 and hit.head > $4::uuid
        order by hit.created_at desc, hit.head limit $6::int8)
      union all (
        select hit.created_at, hit.head from events as hit
        where hit.kind = $2::int4 and hit.created_at >= $5::int8 and hit.created_at < $3::int8
        order by hit.created_at desc, hit.head limit $6::int8)
      limit $6::int8) as hit
      order by hit.created_at desc, hit.head, number limit $7::int8) as found
    join events on events.head = found.head
    order by found.created_at desc, found.head, found.number`).replaceAll(
      "( select hit",
      "(select hit",
    ),
  );
  deepEqual(parameters, [0, 1, 9, idPrefixOf(A), 0, 10, 20, ANY_LENGTH]);
});

Deno.test("by id and by time the JSON comes at once", () => {
  for (const filter of [{ ids: new Set([A, B]) }, {}]) {
    const { text } = statementFor(filter);
    equal(text.includes("join events"), false);
    equal(text.includes("found.raw"), true);
  }
});

Deno.test("each index is asked in its own words", () => {
  const { from } = statementFor({ tags: new Map([["t", new Set(["x"])]]) });
  equal(from.includes("hit.kind <> 3 and hit.created_at >= 0"), true);
});

Deno.test("the text does not depend on how many values there are, beyond few or many", () => {
  const text = (count: number) => {
    const values = new Set(Array.from({ length: count }, (_, i) => `${i}`.padStart(64, "0")));
    return statementFor({
      authors: values,
      kinds: new Set([1]),
      tags: new Map([["t", values], ["e", new Set(["x"])]]),
    }).text;
  };
  equal(text(2), text(4));
  equal(text(5), text(1_000));
});

Deno.test("no value ever stands in the text", () => {
  const nasty = "'; drop table events; --";
  const { text } = statementFor({
    tags: new Map([["t", new Set([nasty])], ["p", new Set([nasty])]]),
  });
  equal(text.includes("drop"), false);
});
