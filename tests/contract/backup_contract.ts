/**
 * What every store that can be backed up promises: that nothing is missed while others write, and that all
 * of it comes back.
 *
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { openBackup, verifyFiles } from "../../src/app/backup/read_backup.ts";
import { restoreBackup } from "../../src/app/backup/restore_backup.ts";
import { writeBackup } from "../../src/app/backup/write_backup.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventId } from "../../src/nostr/event_id.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { idsIn, newKey, recordOf, someEvent } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

/** A page has at least one event, and no more than that. */
const ONE_EACH = { pieceBytes: () => 1 };

/** Registers the tests of reading for stores that `open` gives, each empty, one at a time. */
export function testStoreState(name: string, open: () => Promise<TidyStore>): void {
  const test = testWith(name, open);
  for (const [what, fill] of Object.entries(FILLINGS)) {
    test(`a store that has had ${what} is not empty`, async (store) => {
      equal(await store.state!.isEmpty(), true);
      await fill(store);
      equal(await store.state!.isEmpty(), false);
    });
  }

  test("a version that replaces one not read yet is read in its place", async (store) => {
    const versions = Array.from({ length: 4 }, () => someEvent({ kind: 0, pubkey: newKey() }));
    await putInOrder(store, versions);
    const last = versions[3]!;
    const newer = { ...last, id: newKey(), created_at: last.created_at + 1_000 };
    const read = await readWhile(store, () => put(store, newer));
    deepEqual(read, new Set([...versions.slice(0, 3), newer].map(({ id }) => id)));
  });

  test("an event that is written anew is read where it stands then", async (store) => {
    const events = Array.from({ length: 4 }, () => someEvent());
    await putInOrder(store, events);
    const last = events[3]!;
    const read = await readWhile(store, () => store.rewrite(last.id, recordOf(last)));
    deepEqual(read, new Set(events.map(({ id }) => id)));
  });

  test("an event that is deleted before it is read has its tombstone read", async (store) => {
    const author = newKey();
    const events = Array.from({ length: 4 }, () => someEvent({ pubkey: author }));
    await putInOrder(store, events);
    const { id } = events[3]!;
    const request = someEvent({ kind: 5, pubkey: author, tags: [["e", id]] });
    const read = await readWhile(store, () => put(store, request));
    equal(read.has(id), false);
    const pages = await Array.fromAsync(store.state!.tombstones());
    deepEqual(pages.flatMap(({ ids = [] }) => ids), [{ id, pubkey: author }]);
  });

  test("reading ends when nobody wants it any more", async (store) => {
    await put(store, someEvent(), someEvent());
    const controller = new AbortController();
    const reading = readWhile(store, () => Promise.resolve(controller.abort()), controller.signal);
    await rejects(reading, { name: "AbortError" });
  });
}

/** Registers the tests of backups for stores that `open` gives, each empty, one at a time. */
export function testBackup(name: string, open: () => Promise<TidyStore>): void {
  Deno.test(`${name}: what was stored, deleted and decided comes back from a backup`, async () => {
    const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
    const path = `${parent}/backup`;
    try {
      const before = await withStore(open, async (store) => {
        await fillWithAll(store);
        await writeBackup(path, sourceOf(store));
        return await stateOf(store);
      });
      const { after, again } = await withStore(open, async (store) => {
        await restoreFrom(path, store);
        const after = await stateOf(store);
        // What was restored may be restored once more, as after an interruption.
        const { rules, changes } = await restoreFrom(path, store);
        deepEqual([rules, changes], [0, 0]);
        return { after, again: await stateOf(store) };
      });
      ok(before.ids.length > 100);
      for (const field of ['{"id":', '"slot":', '"untilS":']) {
        ok(before.tombstones.some((text) => text.includes(field)), field);
      }
      deepEqual(after, before);
      deepEqual(again, before);
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });

  testWith(name, open)(
    "what was deleted elsewhere is removed where a backup is added",
    async (store) => {
      const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
      const author = newKey();
      const texts = ["deleted", "erased", "kept"];
      const [deleted, erased, kept] = texts.map((content) => hashed({ pubkey: author, content }));
      const request = hashed({ kind: 5, pubkey: author, tags: [["e", deleted!.id]] });
      await put(store, deleted!, erased!, kept!, request);
      await store.erase({ ids: [erased!.id], isRemembered: true });
      await writeBackup(`${parent}/backup`, sourceOf(store));
      // As if this were another store, which has not heard of it.
      await store.restore([erased!.id]);
      await put(store, erased!);
      equal((await restoreFrom(`${parent}/backup`, store)).removed, 1);
      deepEqual(new Set(await idsIn(store, {})), new Set([kept!.id, request.id]));
      await Deno.remove(parent, { recursive: true });
    },
  );
}

function testWith(name: string, open: () => Promise<TidyStore>) {
  return (sentence: string, work: (store: TidyStore) => Promise<void>) =>
    Deno.test(`${name}: ${sentence}`, () => withStore(open, work));
}

const FILLINGS: Readonly<Record<string, (store: TidyStore) => Promise<unknown>>> = {
  "an event": (store) => put(store, someEvent()),
  "an event that was deleted": (store) => store.erase({ ids: [newKey()], isRemembered: true }),
  "a rule": (store) => store.changeRules([{ ...RULE, reason: "x" }], { who: "test", atS: 1 }),
};

const RULE = { list: "banned-kind", value: "7" } as const;

/** The ids that are read when `meanwhile` happens after the first of them. */
async function readWhile(
  store: TidyStore,
  meanwhile: () => Promise<unknown>,
  signal = new AbortController().signal,
): Promise<ReadonlySet<string>> {
  const ids: string[] = [];
  for await (const events of store.state!.events({ ...ONE_EACH, signal })) {
    if (ids.length === 0) await meanwhile();
    ids.push(...events.map(({ id }) => id));
  }
  return new Set(ids);
}

async function withStore<T>(
  open: () => Promise<TidyStore>,
  work: (store: TidyStore) => Promise<T>,
): Promise<T> {
  const store = await open();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Events of all kinds, deletions of all kinds, rules that were set and taken back. */
async function fillWithAll(store: TidyStore): Promise<void> {
  const events = generateEvents(new SeededRandom(11), 300, { authors: 12, deletions: true });
  const { pubkey, created_at } = events[40]!;
  const relays = { tags: [["relay", "ALL_RELAYS"]] };
  await put(store, ...events, hashed({ kind: 62, pubkey, created_at, ...relays }));
  const ids = (await idsIn(store, {})).slice(0, 20);
  await store.erase({ ids, isRemembered: true });
  for (const reason of ["first", undefined, "second"]) {
    await store.changeRules([{ ...RULE, reason }], { who: "test", atS: 1 });
  }
  const banned = { list: "banned-key" as const, value: events[0]!.pubkey, reason: "" };
  await store.changeRules([banned], { who: "test", atS: 2 });
}

function sourceOf(store: TidyStore) {
  return {
    store,
    state: store.state!,
    keyPath: undefined,
    clock: new FakeClock(),
    signal: new AbortController().signal,
    onProgress: () => {},
  };
}

async function restoreFrom(path: string, store: TidyStore) {
  const manifest = await openBackup(path);
  const { signal } = new AbortController();
  await verifyFiles(path, manifest, { signal });
  const target = {
    ...{ store, state: store.state!, verifier: undefined, keyPath: undefined, nowMs: 0, signal },
  };
  const report = await restoreBackup(path, manifest, { ...target, onProgress: () => {} });
  deepEqual(report.events.refused, new Map());
  return report;
}

async function stateOf(store: TidyStore) {
  const pages = await Array.fromAsync(store.state!.tombstones());
  return {
    ids: (await Array.fromAsync(store.query([{ tags: new Map() }], { includesBanned: true })))
      .flat().map(({ id }) => id),
    tombstones: pages.flatMap(({ ids = [], slots = [], vanished = [] }) => [
      ...[...ids, ...slots, ...vanished].map((tombstone) => JSON.stringify(tombstone)),
    ]),
    rules: await store.rules(),
    log: await store.ruleLog(100),
  };
}

/** An event with the id that it must have. */
function hashed(fields: Partial<NostrEvent>): NostrEvent {
  const event = someEvent(fields);
  return { ...event, id: eventId(event) };
}

/** Rows of one batch may be in any order. */
async function putInOrder(store: TidyStore, events: readonly NostrEvent[]): Promise<void> {
  for (const event of events) await put(store, event);
}

async function put(store: TidyStore, ...events: readonly NostrEvent[]) {
  return await store.put(events.map(recordOf));
}
