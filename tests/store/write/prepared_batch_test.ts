import { deepEqual, equal } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import { prepareBatch } from "../../../src/store/write/prepared_batch.ts";
import { tagFingerprint } from "../../../src/store/fingerprint.ts";
import { insertRegular, upsertVersioned } from "../../../src/store/write/put_statements.ts";
import { newKey, recordOf, someEvent } from "../../kit/records.ts";

const note = recordOf(someEvent({ tags: [["t", "x"]] }));
const profile = recordOf(someEvent({ kind: 0, pubkey: newKey() }));

Deno.test("a draft has a statement for each sort of event, and the tags of those that have some", () => {
  const { ordered, regular, versioned, tagLists } = prepareBatch([note, profile], portableHashText);
  deepEqual(regular?.parameters, insertRegular(ordered.regular).parameters);
  deepEqual(versioned?.parameters, upsertVersioned(ordered.versioned).parameters);
  deepEqual([...tagLists], [[note.event.id, `{${tagFingerprint("t", "x", portableHashText)}}`]]);
});

Deno.test("deleted events are in no statement", () => {
  const { ordered, regular, versioned, tagLists } = prepareBatch(
    [note, profile],
    portableHashText,
    new Set([0]),
  );
  equal(ordered.regular.length, 0);
  equal(regular, undefined);
  equal(versioned?.parameters[2], "{0}");
  equal(tagLists.size, 0);
});
