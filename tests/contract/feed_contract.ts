/**
 * What every store's feed promises.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import type { EventRecord, EventStore } from "../../src/store/event_store.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { recordOf } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";
import { ToldEvents } from "../kit/told_events.ts";
import type { Subject } from "./event_store_contract.ts";

const author = new FakeSigner(new SeededRandom(20));

function note(created_at: number, kind = 1): EventRecord {
  return recordOf(author.sign({ kind, created_at, tags: [], content: "" }));
}

function ids(...records: readonly EventRecord[]): string[] {
  return records.map(({ event }) => event.id);
}

/** Registers the suite for one kind of store. */
export function testEventFeed(subject: Subject): void {
  const test = (
    sentence: string,
    work: (store: EventStore, told: ToldEvents) => Promise<void>,
  ) => {
    Deno.test(`${subject.name}: ${sentence}`, async () => {
      await using place = await subject.place();
      const store = await place.open();
      try {
        const told = new ToldEvents(store.feed);
        await store.feed.start({ clock: new FakeClock(), log: silentLog });
        await work(store, told);
      } finally {
        await store.close();
      }
    });
  };

  test(
    "what is stored is told in order before put resolves, and nothing else is",
    async (store, told) => {
      const [a, b, c] = [note(2), note(1), note(3)];
      await store.put([a, b, a]);
      deepEqual(told.ids, ids(a, b));
      await store.put([b, c]);
      deepEqual(told.ids, ids(a, b, c));
    },
  );

  test("NIP01-18 a version that is superseded is not told", async (store, told) => {
    const [old, young] = [note(1, 0), note(2, 0)];
    await store.put([young]);
    await store.put([old]);
    deepEqual(told.ids, ids(young));
  });

  test("what a query finds after put has been told", async (store) => {
    for (let time = 1; time <= 20; time++) {
      await store.put([note(time)]);
      for await (const rows of store.query([{ tags: new Map(), limit: 1 }])) {
        equal(store.feed.wasDelivered(rows[0]!.seq), true);
      }
    }
  });

  test("each version has a number of its own, greater than those before", async (store) => {
    let last = 0;
    for (let time = 1; time <= 5; time++) {
      await store.put([note(time, 0)]);
      for await (const [row] of store.query([{ tags: new Map(), limit: 1 }])) {
        equal(row!.createdAt, time);
        equal(row!.seq > last, true);
        last = row!.seq;
      }
    }
  });

  test("what is passed is told and not stored", async (store, told) => {
    const typing = note(1, 20_001);
    store.feed.publishEphemeral(typing);
    deepEqual(told.ids, ids(typing));
    for await (const rows of store.query([{ tags: new Map() }])) deepEqual(rows, []);
  });
}
