import { deepEqual, equal, rejects } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import {
  carryOutRequests,
  deleteCovered,
  MustBeAlone,
} from "../../../src/store/write/delete_covered.ts";
import type { EventRecord } from "../../../src/store/event_store.ts";
import type { Session, Statement } from "../../../src/store/database/database.ts";
import { newKey, recordOf, someEvent } from "../../kit/records.ts";

// What burying does to a database is in tests/contract/deletion_contract.ts; here is what it asks.

/** A session that remembers what it was asked, and knows of one deleted id. */
class WatchedSession implements Session {
  readonly asked: string[] = [];
  readonly #deleted: { readonly id: string; readonly pubkey: string } | undefined;

  constructor(deleted?: { readonly id: string; readonly pubkey: string }) {
    this.#deleted = deleted;
  }

  query<Row>(statement: Statement<Row>): Promise<readonly Row[]> {
    this.asked.push(statement.text);
    if (!statement.text.includes("from deleted_ids")) return Promise.resolve([]);
    const { id, pubkey } = this.#deleted ?? {};
    if (id === undefined) return Promise.resolve([]);
    const cells = [id, pubkey!];
    const hex = (column: number) => cells[column]!;
    const none = () => {
      throw new Error("not asked for");
    };
    return Promise.resolve([statement.read({ hex, integer: none, text: none, utf8: none })]);
  }

  script(): Promise<void> {
    return Promise.resolve();
  }
}

async function coveredBy(
  batch: readonly EventRecord[],
  session: WatchedSession,
  alone: boolean,
): Promise<ReadonlySet<number>> {
  const options = { session, hashText: portableHashText, alone };
  return await deleteCovered(batch, await carryOutRequests(batch, options), options);
}

Deno.test("a batch without requests takes the shared lock first, and then runs three statements", async () => {
  const session = new WatchedSession();
  const batch = [recordOf(someEvent()), recordOf(someEvent({ kind: 0 }))];
  deepEqual(await coveredBy(batch, session, false), new Set());
  equal(session.asked[0]?.includes("lock_shared"), true);
  equal(session.asked.length, 4);
});

Deno.test("five hundred targets are deleted by as many statements as one", async () => {
  const counts = [];
  for (const count of [1, 500]) {
    const session = new WatchedSession();
    const tags = Array.from({ length: count }, () => ["e", newKey()]);
    await coveredBy([recordOf(someEvent({ kind: 5, tags }))], session, true);
    counts.push(session.asked.length);
  }
  equal(counts[0], counts[1]);
});

Deno.test("a deleted version that arrives late has to be written alone", async () => {
  const version = someEvent({ kind: 0 });
  const known = { id: version.id, pubkey: version.pubkey };
  const batch = [recordOf(someEvent()), recordOf(version)];
  await rejects(coveredBy(batch, new WatchedSession(known), false), MustBeAlone);
  const session = new WatchedSession(known);
  deepEqual(await coveredBy(batch, session, true), new Set([1]));
  equal(session.asked.some((text) => text.startsWith("insert into deleted_addresses")), true);
});

Deno.test("many targets are deleted by several statements", async () => {
  const asked = async (count: number) => {
    const session = new WatchedSession();
    const tags = Array.from({ length: count }, () => ["e", newKey()]);
    await coveredBy([recordOf(someEvent({ kind: 5, tags }))], session, true);
    return session.asked.length;
  };
  equal(await asked(2_500) - await asked(1_000), 2 * 2);
});
