import { deepEqual, equal } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { authorFingerprint, tagFingerprint } from "../../../src/store/fingerprint.ts";
import { plansOf } from "../../../src/store/read/plan.ts";
import { selectStatement } from "../../../src/store/read/select_statement.ts";

// The texts below are what a database is asked; that they mean what the filter means is in
// tests/contract.

const A = "a".repeat(64);
const B = "b".repeat(64);

const author = (pubkey: string) => authorFingerprint(pubkey, portableHashText);

/** The first plan's statement. */
function statementFor(fields: Partial<ReqFilter>) {
  const [plan] = plansOf({ tags: new Map(), limit: 20, ...fields }, portableHashText);
  const starts = plan!.lanes.map((_, lane) => ({ lane, after: undefined }));
  return selectStatement(plan!, { starts, perLane: 10, limit: 20 });
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/(?<=\() | (?=\))/g, "").trim();
}

Deno.test("what the index does not hold is checked in place", () => {
  const { text, parameters } = statementFor({
    ids: new Set([A, B]),
    authors: new Set([B]),
    kinds: new Set([1, 2]),
    tags: new Map([["t", new Set(["x"])]]),
  });
  const squeezed = squeeze(text);
  equal(
    squeezed.slice(squeezed.indexOf("where"), squeezed.indexOf(" limit $9")),
    squeeze(`
    where hit.head = lane.head and hit.id = lane.id
      and hit.author = any($6::uuid[]) and hit.kind = any($7::int4[])
      and (select true from unnest($8::uuid[]) as wanted (tag)
        cross join lateral (select from tags as other
          where other.tag = wanted.tag and other.kind = hit.kind and other.event > 0
            and other.created_at = hit.created_at and other.head = hit.head limit 1) as carried limit 1)
      and hit.created_at >= $4::int8 and hit.created_at < $5::int8`),
  );
  deepEqual(parameters.slice(5, 8), [
    `{${author(B)}}`,
    "{1,2}",
    `{${tagFingerprint("t", "x", portableHashText)}}`,
  ]);
});

Deno.test("many values to check are looked for among the tags of the event", () => {
  const values = Array.from({ length: 5 }, (_, i) => `${i}`);
  const { text } = statementFor({
    kinds: new Set([1]),
    tags: new Map([["t", new Set(values)], ["e", new Set(["x"])]]),
  });
  const check = squeeze(`
    (select true from (select tag from tags where tags.event = hit.event offset 0) as other
      where (other.tag in (select unnest($6::uuid[]))) is true limit 1)`);
  equal(squeeze(text).includes(check), true, squeeze(text));
});
