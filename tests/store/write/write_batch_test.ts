import { deepEqual, equal } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import { prepareBatch } from "../../../src/store/write/prepared_batch.ts";
import type { NumberedRecord } from "../../../src/store/feed/feed_statements.ts";
import { writeBatch } from "../../../src/store/write/write_batch.ts";
import { newKey, recordOf, someEvent } from "../../kit/records.ts";
import { ScriptedDatabase } from "../../kit/scripted_database.ts";

// What a real database makes of it is in tests/contract.

/** Writes the batch into a database that gives these answers, and says what was asked. */
async function write(events: readonly ReturnType<typeof someEvent>[], ...answers: unknown[][]) {
  const batch = events.map(recordOf);
  const database = new ScriptedDatabase(...answers);
  const stored: NumberedRecord[] = [];
  const announced: number[] = [];
  const outcomes = await writeBatch(batch, database, {
    prepared: prepareBatch(batch, portableHashText),
    stored,
    alone: false,
    hashText: portableHashText,
    searchableKinds: new Set([1]),
    feed: {
      announce(_, records) {
        announced.push(...records.map(({ seq }) => seq));
        return Promise.resolve();
      },
    },
  });
  const asked = database.asked.map(({ text }) =>
    /^(?:insert into|select|delete from) \w+/.exec(text)?.[0]
  );
  return { outcomes, stored, announced, asked };
}

/** The lock and the tombstones that there might be. */
const NOT_DELETED = [[], [], []];

Deno.test("new events get tags and words, are announced, and keep their order", async () => {
  const [first, second] = [someEvent({ tags: [["t", "x"]] }), someEvent({ kind: 7 })];
  const rows = [{ key: 5, id: second.id, seq: 9 }, { key: 4, id: first.id, seq: 8 }];
  const { outcomes, stored, announced, asked } = await write([first, second], ...NOT_DELETED, rows);
  deepEqual(outcomes, ["stored", "stored"]);
  deepEqual(stored.map(({ event, seq }) => [event.id, seq]), [[first.id, 8], [second.id, 9]]);
  deepEqual(announced, [8, 9]);
  deepEqual(asked.slice(-2), ["insert into tags", "insert into event_words"]);
});

Deno.test("an event that is stored already gets nothing", async () => {
  const { outcomes, announced, asked } = await write(
    [someEvent({ tags: [["t", "x"]] })],
    ...NOT_DELETED,
  );
  deepEqual(outcomes, ["duplicate"]);
  deepEqual(announced, []);
  equal(asked.at(-1), "insert into events");
});

Deno.test("a version that was not written is a duplicate or superseded", async () => {
  const profiles = [0, 1].map(() => someEvent({ kind: 0, pubkey: newKey() }));
  const { id } = profiles[0]!;
  // No addresses are deleted, no row was written, and the first of them is there.
  const { outcomes } = await write(profiles, ...NOT_DELETED, [], [], [id]);
  deepEqual(outcomes, ["duplicate", "superseded"]);
});
