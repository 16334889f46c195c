import { deepEqual, equal, match } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import { idPrefixOf } from "../../../src/store/fingerprint.ts";
import {
  deleteByIds,
  deleteBySlots,
  deleteOfVanished,
  deleteSentToVanished,
  insertDeletedIds,
  lockAlone,
  lockTogether,
  selectDeletedSlots,
  upsertDeletedSlots,
  upsertVanished,
} from "../../../src/store/write/tombstone_statements.ts";

const ids = (count: number) => Array.from({ length: count }, () => ({ id: "01", pubkey: "02" }));
const slots = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    pubkey: "01",
    kind: 30_023,
    slot: "02",
    createdAt: i,
    id: "",
  }));
const vanished = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ pubkey: "01", untilS: i }));

Deno.test("the text does not depend on the number of targets", () => {
  for (const make of [deleteByIds, insertDeletedIds]) {
    equal(make(ids(1), portableHashText).text, make(ids(500), portableHashText).text);
  }
  for (const make of [deleteBySlots, upsertDeletedSlots, selectDeletedSlots]) {
    equal(make(slots(1), portableHashText).text, make(slots(500), portableHashText).text);
  }
  for (const make of [deleteOfVanished, deleteSentToVanished, upsertVanished]) {
    equal(make(vanished(1), portableHashText).text, make(vanished(500), portableHashText).text);
  }
});

Deno.test("values are sent as arrays", () => {
  deepEqual(deleteByIds(ids(2), portableHashText).parameters.slice(0, 3), [
    String.raw`{"\\x01","\\x01"}`,
    String.raw`{"\\x02","\\x02"}`,
    `{${idPrefixOf("01")},${idPrefixOf("01")}}`,
  ]);
  deepEqual(deleteBySlots(slots(2), portableHashText).parameters.slice(1, 4), [
    "{30023,30023}",
    "{02,02}",
    "{0,1}",
  ]);
});

Deno.test("NIP09-10 NIP62-08 requests are not deleted by id", () => {
  match(deleteByIds(ids(1), portableHashText).text, /events\.kind not in \(5, 62\)/);
});

Deno.test("the shared and the exclusive lock have the same key", () => {
  deepEqual(lockAlone.parameters, lockTogether.parameters);
  match(lockTogether.text, /_shared/);
});
