import { deepEqual, equal } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { idPrefixOf, tagFingerprint } from "../../../src/store/fingerprint.ts";
import { hexToBytes } from "../../../src/nostr/hex.ts";
import {
  deleteTags,
  insertRegular,
  insertTags,
  selectIds,
  tagList,
  upsertVersioned,
} from "../../../src/store/write/put_statements.ts";

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

Deno.test("ids and JSON are concatenated, numbers are one array for each column", () => {
  const other = { ...entry, record: { event: { ...event, id: "cc", kind: 2 }, json: utf8("{}") } };
  const columns = [
    hexToBytes("aabbccbb"),
    utf8('{"a":"\\"é"}{}'),
    "{1,2}",
    "{7,7}",
    "{NULL,NULL}",
    "{1,13}",
    "{12,2}",
  ];
  deepEqual(insertRegular([entry, other]).parameters, columns);
  deepEqual(upsertVersioned([entry, other]).parameters, [...columns, "{78,78}"]);
});

Deno.test("the text is the same for one event and for many", () => {
  const many = Array.from({ length: 100 }, () => entry);
  equal(insertRegular(many).text, insertRegular([entry]).text);
  equal(upsertVersioned(many).text, upsertVersioned([entry]).text);
});

Deno.test("keys and ids are sent as arrays", () => {
  deepEqual(deleteTags([1, 2]).parameters, ["{1,2}"]);
  deepEqual(selectIds(["aa"]).parameters, [`{${idPrefixOf("aa")}}`]);
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
  const fingerprints = [["e", "x"], ["E", "x"], ["e", ""]].map(([letter, value]) =>
    tagFingerprint(letter!, value!, portableHashText)
  );
  equal(tagList({ tags }, portableHashText), `{${fingerprints}}`);
  equal(tagList({ tags: [["ee", "x"]] }, portableHashText), undefined);
});

Deno.test("the tags of an event are sent as one text", () => {
  const rows = [{ key: 5, list: "{ab,cd}" }, { key: 6, list: "{ef}" }];
  deepEqual(insertTags(rows).parameters, ["{5,6}", '{"{ab,cd}","{ef}"}']);
});
