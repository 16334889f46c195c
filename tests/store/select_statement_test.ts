import { deepEqual, equal } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { ANY_LENGTH } from "../../src/store/body_statement.ts";
import { plansOf } from "../../src/store/plan.ts";
import type { LaneStart } from "../../src/store/scan.ts";
import { selectStatement } from "../../src/store/select_statement.ts";

// The texts below are what a database is asked; that they mean what the filter means is in
// tests/contract. Columns before `from` and white space are left out.

const A = "a".repeat(64);
const B = "b".repeat(64);

/** The first plan's statement for its lanes from their start, or from behind a place. */
function statementFor(fields: Partial<ReqFilter>, after?: LaneStart["after"]) {
  const [plan] = plansOf({ tags: new Map(), limit: 20, ...fields }, sha256);
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
      select lane.number as number, hit.created_at, hit.id
      from unnest($1::int4[], $2::bytea[], $3::int4[]) as lane (number, pubkey, kind)
      cross join lateral (
        select hit.created_at, hit.id from events as hit
        where hit.pubkey = lane.pubkey and hit.kind = lane.kind
          and hit.created_at >= $4::int8 and hit.created_at < $5::int8
        order by hit.created_at desc, hit.id limit $6::int8) as hit
      order by hit.created_at desc, hit.id, number limit $7::int8) as found
    join events on events.id = found.id
    order by found.created_at desc, found.id, found.number`),
  );
  deepEqual(parameters, [
    "{0,1}",
    String.raw`{"\\x${A}","\\x${B}"}`,
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
      select lane.number as number, hit.created_at, hit.id
      from unnest($1::int4[], $2::int4[], $3::int8[], $4::bytea[]) as lane (number, kind, at, after)
      cross join lateral ((
        select hit.created_at, hit.id from events as hit
        where hit.kind = lane.kind and hit.created_at = lane.at and hit.id > lane.after
        order by hit.created_at desc, hit.id limit $6::int8)
      union all (
        select hit.created_at, hit.id from events as hit
        where hit.kind = lane.kind and hit.created_at >= $5::int8 and hit.created_at < lane.at
        order by hit.created_at desc, hit.id limit $6::int8)
      limit $6::int8) as hit
      order by hit.created_at desc, hit.id, number limit $7::int8) as found
    join events on events.id = found.id
    order by found.created_at desc, found.id, found.number`).replaceAll(
      "( select hit",
      "(select hit",
    ),
  );
  deepEqual(parameters, [
    "{0,1}",
    "{1,2}",
    "{9,9}",
    String.raw`{"\\x${A}","\\x${A}"}`,
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
      select ranked.number, ranked.created_at, ranked.id from (
        select *, dense_rank() over (order by created_at desc, id) as place from (
          select lane.number as number, hit.created_at, hit.id
          from unnest($1::int4[], $2::bytea[], $3::int4[]) as lane (number, value, kind)
          cross join lateral (
            select hit.created_at, hit.id from tags as hit
            where hit.name = $6::"char" and hit.value = lane.value and hit.kind = lane.kind
              and hit.created_at >= $4::int8 and hit.created_at < $5::int8
            order by hit.created_at desc, hit.id limit $7::int8) as hit) as found) as ranked
      where ranked.place <= $8::int8) as found
    join events on events.id = found.id
    order by found.created_at desc, found.id, found.number`),
  );
  equal(text.includes("case when lag(found.id)"), true);
});

Deno.test("a single lane is no table: its values are parameters", () => {
  const { from, parameters } = statementFor({ kinds: new Set([1]) }, { createdAt: 9, id: A });
  equal(
    from,
    squeeze(`
    from (
      select $1::int4 as number, hit.created_at, hit.id
      from ((
        select hit.created_at, hit.id from events as hit
        where hit.kind = $2::int4 and hit.created_at = $3::int8 and hit.id > $4::bytea
        order by hit.created_at desc, hit.id limit $6::int8)
      union all (
        select hit.created_at, hit.id from events as hit
        where hit.kind = $2::int4 and hit.created_at >= $5::int8 and hit.created_at < $3::int8
        order by hit.created_at desc, hit.id limit $6::int8)
      limit $6::int8) as hit
      order by hit.created_at desc, hit.id, number limit $7::int8) as found
    join events on events.id = found.id
    order by found.created_at desc, found.id, found.number`).replaceAll(
      "( select hit",
      "(select hit",
    ),
  );
  deepEqual(parameters, [0, 1, 9, String.raw`\x${A}`, 0, 10, 20, ANY_LENGTH]);
});

Deno.test("by id and by time the JSON comes at once", () => {
  for (const filter of [{ ids: new Set([A, B]) }, {}]) {
    const { text } = statementFor(filter);
    equal(text.includes("join events"), false);
    equal(text.includes("found.raw"), true);
  }
});

Deno.test("what the index does not hold is checked in place", () => {
  const { text, parameters } = statementFor({
    ids: new Set([A, B]),
    authors: new Set([B]),
    kinds: new Set([1, 2]),
    tags: new Map([["t", new Set(["x"])]]),
  });
  const squeezed = squeeze(text);
  equal(
    squeezed.slice(squeezed.indexOf("where"), squeezed.indexOf("order by")),
    squeeze(`
    where hit.id = lane.id and hit.pubkey = any($5::bytea[]) and hit.kind = any($6::int4[])
      and (select true from unnest($8::bytea[]) as wanted (value)
        cross join lateral (select from tags as other
          where other.name = $7::"char" and other.value = wanted.value and other.kind = hit.kind
            and other.created_at = hit.created_at and other.id = hit.id limit 1) as carried limit 1)
      and hit.created_at >= $3::int8 and hit.created_at < $4::int8`) + " ",
  );
  deepEqual(parameters.slice(4, 8), [
    String.raw`{"\\x${B}"}`,
    "{1,2}",
    "t",
    String.raw`{"\\x78"}`,
  ]);
});

Deno.test("an index without follow lists is asked in its own words", () => {
  const { from } = statementFor({ tags: new Map([["t", new Set(["x"])]]) });
  equal(from.includes("hit.kind <> 3"), true);
});

Deno.test("many values to check are looked for among the tags of the event", () => {
  const values = Array.from({ length: 5 }, (_, i) => `${i}`);
  const { text } = statementFor({
    kinds: new Set([1]),
    tags: new Map([["t", new Set(values)], ["e", new Set(["x"])]]),
  });
  const check = squeeze(`
    (select true from (select name, value from tags where tags.event = hit.event offset 0) as other
      where other.name = $7::"char" and (other.value in (select unnest($8::bytea[]))) is true limit 1)`);
  equal(squeeze(text).includes(check), true, squeeze(text));
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
