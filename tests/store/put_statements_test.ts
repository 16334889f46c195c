import { deepEqual, equal } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../../src/base/bytes.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import {
  deleteTags,
  insertRegular,
  insertTags,
  selectIds,
  upsertVersioned,
} from "../../src/store/put_statements.ts";

const event: NostrEvent = {
  id: "aa",
  pubkey: "bb",
  created_at: 7,
  kind: 1,
  tags: [],
  content: "",
  sig: "",
};
const entry = { place: 0, record: { event, json: utf8('{"a":"\\"é"}') }, slot: "78" };

Deno.test("events travel as one array a column, the JSON as it is", () => {
  const raw = String.raw`{"{\"a\":\"\\\"é\"}"}`;
  const columns = [String.raw`{"\\xaa"}`, String.raw`{"\\xbb"}`, "{1}", "{7}", "{NULL}", raw];
  deepEqual(insertRegular([entry]).parameters, columns);
  deepEqual(upsertVersioned([entry]).parameters, [...columns, String.raw`{"\\x78"}`]);
});

Deno.test("the text is the same for one event and for many", () => {
  const many = Array.from({ length: 100 }, () => entry);
  equal(insertRegular(many).text, insertRegular([entry]).text);
  equal(upsertVersioned(many).text, upsertVersioned([entry]).text);
});

Deno.test("keys and ids travel as arrays", () => {
  deepEqual(deleteTags([1, 2]).parameters, ["{1,2}"]);
  deepEqual(selectIds(["aa"]).parameters, [String.raw`{"\\xaa"}`]);
});

Deno.test("NIP01-50 single letters and first values, each pair once", () => {
  const tags = [
    ["e", "x", "relay"],
    ["e", "x"],
    ["E", "x"],
    ["e", ""],
    ["e"],
    ["ee", "x"],
    ["1", "x"],
    ["", "x"],
    ["é", "x"],
  ];
  deepEqual(insertTags([{ key: 5, event: { ...event, tags } }], sha256)!.parameters, [
    "{5,5,5}",
    "{e,E,e}",
    String.raw`{"\\x78","\\x78","\\x"}`,
  ]);
});

Deno.test("no tags, no statement", () => {
  equal(insertTags([{ key: 5, event }, { key: 6, event }], sha256), undefined);
});
