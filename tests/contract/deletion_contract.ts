/**
 * What every store promises about deleting, as one suite.
 *
 * @see NIP-09, NIP-59 "Deletion", NIP-62
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { EventStore } from "../../src/store/event_store.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { disputedEvents } from "../kit/disputed_events.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { idsIn, newKey, recordOf, someEvent } from "../kit/records.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";
import type { Subject } from "./event_store_contract.ts";
import { eventsFor } from "./random_part.ts";

/** Registers the suite for one kind of store. */
export function testDeletion(subject: Subject, test: Test): void {
  testById(test);
  testByAddress(test);
  testVanishing(test);
  testEveryOrder(test);
  if (subject.keeps) testKeeping(subject);
  if (subject.shares) testSharing(subject);
}

type Test = (sentence: string, work: (store: EventStore) => Promise<void>) => void;

const ALICE = newKey();
const BOB = newKey();

function testById(test: Test): void {
  test("NIP09-01 a deletion takes the author's event from every answer", async (store) => {
    const tags = [["t", "x"]];
    const [gone, stays] = [note({ tags }), note({ tags })];
    await put(store, gone, stays);
    deepEqual(await put(store, deletion([["e", gone.id]])), ["stored"]);
    const filters = [
      { kinds: new Set([1]) },
      { authors: new Set([ALICE]), kinds: new Set([1]) },
      { ids: new Set([gone.id, stays.id]) },
      { tags: new Map([["t", new Set(["x"])]]) },
    ];
    for (const filter of filters) deepEqual(await idsIn(store, filter), [stays.id]);
  });

  test("NIP09-02 NIP09-10 the deletion itself is kept, whatever is said of it", async (store) => {
    const first = deletion([["e", newKey()]]);
    const second = deletion([["e", first.id], ["a", `5:${ALICE}:`]], { created_at: 900 });
    deepEqual(await put(store, first), ["stored"]);
    deepEqual(await put(store, second, first), ["stored", "duplicate"]);
    deepEqual(await idsIn(store, { kinds: new Set([5]) }), [second.id, first.id]);
  });

  test("NIP09-03 NIP09-11 of the events that it names only its author's go", async (store) => {
    const [own, foreign] = [note(), note({ pubkey: BOB })];
    await put(store, own, foreign);
    await put(store, deletion([["e", foreign.id], ["e", own.id]]));
    deepEqual(await idsIn(store, { kinds: new Set([1]) }), [foreign.id]);
    deepEqual(await put(store, foreign), ["duplicate"]);
  });

  test("NIP09-04 NIP09-05 a deleted event is refused, late or again", async (store) => {
    const [again, late] = [note(), note()];
    await put(store, again);
    await put(store, deletion([["e", again.id], ["e", late.id]], { created_at: 1 }));
    deepEqual(await put(store, again, late, late), ["deleted", "deleted", "deleted"]);
    deepEqual(await idsIn(store, { kinds: new Set([1]) }), []);
  });

  test("a stranger's deletion stops no event that comes later", async (store) => {
    const event = note();
    await put(store, deletion([["e", event.id]], { pubkey: BOB }));
    deepEqual(await put(store, event), ["stored"]);
  });

  test("a deletion in the batch of its target takes it, before it or after", async (store) => {
    const [first, last] = [note(), note()];
    const request = deletion([["e", first.id], ["e", last.id]]);
    deepEqual(await put(store, first, request, last), ["deleted", "stored", "deleted"]);
    deepEqual(await idsIn(store, {}), [request.id]);
  });

  test("NIP09-12 values that name nothing are passed over", async (store) => {
    const event = note();
    await put(store, event);
    const tags = [
      ["e"],
      ["e", ""],
      ["e", "nonsense"],
      ["e", event.id.toUpperCase()],
      ["a"],
      ["a", "1:2:3"],
      ["a", `99999:${ALICE}:x`],
      ["a", `:${ALICE}:`],
    ];
    deepEqual(await put(store, deletion(tags)), ["stored"]);
    deepEqual(await put(store, event), ["duplicate"]);
    deepEqual(await put(store, deletion([...tags, ["e", event.id]])), ["stored"]);
    deepEqual(await idsIn(store, { kinds: new Set([1]) }), []);
  });

  test("five hundred events go at once, with their tags", async (store) => {
    const events = Array.from({ length: 500 }, () => note({ tags: [["t", "x"]] }));
    await put(store, ...events);
    await put(store, deletion(events.map(({ id }) => ["e", id])));
    deepEqual(await idsIn(store, { tags: new Map([["t", new Set(["x"])]]) }), []);
    deepEqual(new Set(await put(store, ...events)), new Set(["deleted"]));
  });

  test("NIP09-13 NIP59-05 a gift wrap is its recipients' to delete", async (store) => {
    const [one, other] = [wrap([["p", BOB], ["p", ALICE]]), wrap([["p", BOB]])];
    await put(store, one, other);
    await put(store, deletion([["e", one.id], ["e", other.id]]));
    deepEqual(await idsIn(store, { kinds: new Set([1059]) }), [other.id]);
    deepEqual(await put(store, one), ["deleted"]);
    const late = wrap([["p", ALICE]]);
    await put(store, deletion([["e", late.id]]));
    deepEqual(await put(store, late), ["deleted"]);
    const mention = note({ pubkey: BOB, tags: [["p", ALICE]] });
    await put(store, mention, deletion([["e", mention.id]]));
    deepEqual(await idsIn(store, { ids: new Set([mention.id]) }), [mention.id]);
  });

  test("X-01 when the newest version is deleted, no older one comes back", async (store) => {
    const [old, young] = [1, 2].map((created_at) => note({ kind: 0, created_at }));
    await put(store, old!);
    await put(store, young!);
    await put(store, deletion([["e", young!.id]]));
    deepEqual(await idsIn(store, { kinds: new Set([0]) }), []);
    deepEqual(await put(store, old!), ["deleted"]);
    deepEqual(await put(store, note({ kind: 0, created_at: 3 })), ["stored"]);
  });

  test("a deleted version that comes late takes the older ones with it", async (store) => {
    const [old, young] = [1, 2].map((created_at) => article("x", { created_at }));
    await put(store, old!);
    await put(store, deletion([["e", young!.id]]));
    deepEqual(await idsIn(store, { kinds: new Set([30_023]) }), [old!.id]);
    deepEqual(await put(store, young!), ["deleted"]);
    deepEqual(await idsIn(store, { kinds: new Set([30_023]) }), []);
    deepEqual(await put(store, young!, old!), ["deleted", "deleted"]);
  });
}

function testByAddress(test: Test): void {
  for (const kind of [0, 3, 10_002, 30_023]) {
    test(`NIP09-06 NIP09-07 NIP09-09 kind ${kind} goes by address, up to a time`, async (store) => {
      const [before, at, after] = [499, 500, 501].map((created_at) => note({ kind, created_at }));
      const request = deletion([["a", `${kind}:${ALICE}:`]], { created_at: 500 });
      await put(store, before!);
      await put(store, request);
      deepEqual(await idsIn(store, { kinds: new Set([kind]) }), []);
      deepEqual(await put(store, before!), ["deleted"]);
      deepEqual(await put(store, at!), ["deleted"]);
      deepEqual(await put(store, after!), ["stored"]);
      await put(store, deletion([["a", `${kind}:${ALICE}:`]], { created_at: 400 }));
      deepEqual(await idsIn(store, { kinds: new Set([kind]) }), [after!.id]);
    });
  }

  test("NIP09-08 an address is one of its author, kind and d", async (store) => {
    const long = "x".repeat(3_000);
    const articles = ["x", "", long, "a:b"].map((d) => article(d));
    const foreign = article("x", { pubkey: BOB });
    await put(store, ...articles, foreign);
    const address = (d: string, pubkey = ALICE) => ["a", `30023:${pubkey}:${d}`];
    const found = async () => new Set(await idsIn(store, { kinds: new Set([30_023]) }));
    await put(store, deletion([address("x", BOB), address("y"), ["a", `30024:${ALICE}:x`]]));
    equal((await found()).size, 5);
    await put(store, deletion([address("x")]));
    deepEqual(await found(), idsOf(...articles.slice(1), foreign));
    await put(store, deletion([address(long), address("a:b")]));
    deepEqual(await found(), idsOf(articles[1]!, foreign));
    await put(store, deletion([["a", `30023:${ALICE}`]]));
    deepEqual(await found(), idsOf(foreign));
  });

  test("X-02 an address that was deleted first lets newer versions in", async (store) => {
    await put(store, deletion([["a", `30023:${ALICE}:x`]], { created_at: 500 }));
    const [at, after] = [500, 501].map((created_at) => article("x", { created_at }));
    deepEqual(await put(store, at!, after!), ["deleted", "stored"]);
  });
}

function testVanishing(test: Test): void {
  test("NIP62-01 NIP62-05 NIP62-07 all that its author said until then goes", async (store) => {
    const kinds = [0, 1, 3, 5, 7, 10_002, 30_023];
    const events = kinds.map((kind) => note({ kind, created_at: 500 }));
    const others = kinds.map((kind) => note({ kind, created_at: 500, pubkey: BOB }));
    await put(store, ...events, ...others);
    const request = vanish(500);
    deepEqual(await put(store, request), ["stored"]);
    deepEqual(await idsIn(store, { authors: new Set([ALICE]) }), [request.id]);
    equal((await idsIn(store, { authors: new Set([BOB]) })).length, kinds.length);
    const later = note({ created_at: 501 });
    deepEqual(await put(store, later), ["stored"]);
    deepEqual(await idsIn(store, { authors: new Set([ALICE]) }), [later.id, request.id]);
  });

  test("NIP62-04 X-03 what went does not come back, deletions included", async (store) => {
    const [target, request] = [note(), note({ created_at: 300 })];
    const deleted = deletion([["e", target.id]], { created_at: 200 });
    await put(store, target, request, deleted);
    await put(store, vanish(500));
    deepEqual(await put(store, target, request, deleted), ["deleted", "deleted", "deleted"]);
  });

  test("NIP62-06 gift wraps to who vanished go too", async (store) => {
    const [old, other] = [wrap([["p", ALICE]]), wrap([["p", BOB]])];
    const young = wrap([["p", ALICE]], { created_at: 501 });
    await put(store, old, other, young);
    await put(store, vanish(500));
    deepEqual(
      new Set(await idsIn(store, { kinds: new Set([1059]) })),
      idsOf(other, young),
    );
    deepEqual(await put(store, old), ["deleted"]);
  });

  test("NIP62-08 X-04 a deletion does nothing to a request to vanish", async (store) => {
    const request = vanish(500);
    await put(store, request);
    await put(store, deletion([["e", request.id], ["a", `62:${ALICE}:`]], { created_at: 600 }));
    deepEqual(await idsIn(store, { kinds: new Set([62]) }), [request.id]);
    deepEqual(await put(store, note()), ["deleted"]);
  });

  test("NIP62-11 an older request takes nothing back, a newer one more", async (store) => {
    await put(store, vanish(500));
    deepEqual(await put(store, vanish(400)), ["deleted"]);
    deepEqual(await put(store, note({ created_at: 450 })), ["deleted"]);
    const newest = vanish(600);
    deepEqual(await put(store, newest), ["stored"]);
    deepEqual(await put(store, note({ created_at: 600 })), ["deleted"]);
    deepEqual(await idsIn(store, {}), [newest.id]);
  });

  test("a deletion by who has vanished is not kept, and still deletes", async (store) => {
    await put(store, vanish(500));
    const event = note({ created_at: 600 });
    deepEqual(await put(store, deletion([["e", event.id]], { created_at: 400 })), ["deleted"]);
    deepEqual(await put(store, event), ["deleted"]);
  });
}

/** What is left does not depend on what came first. */
function testEveryOrder(test: Test): void {
  test("in whatever order a few events come, the same are left", async (store) => {
    const random = new SeededRandom(5);
    for (let round = 0; round < 40; round++) {
      const pubkey = newKey();
      const versions = [1, 2, 3, 3].map((created_at) => article("x", { pubkey, created_at }));
      const wraps = [wrap([["p", pubkey]])];
      const event = note({ pubkey, created_at: 3 });
      const requests = [
        deletion([["e", random.pick(versions).id], ["e", wraps[0]!.id]], { pubkey, created_at: 4 }),
        deletion([["a", `30023:${pubkey}:x`], ["e", event.id]], { pubkey, created_at: 2 }),
        ...(round % 2 === 0 ? [vanish(2, { pubkey })] : []),
      ];
      const all = [...versions, ...wraps, event, ...requests];
      const oracle = new MemoryStore();
      for (const one of all) await put(oracle, one);
      for (const batch of batchesOf(all, random)) await put(store, ...batch);
      const filters = [{ authors: new Set([pubkey]) }, { ids: idsOf(...wraps) }];
      deepEqual(await idsIn(store, ...filters), await idsIn(oracle, ...filters), `round ${round}`);
    }
  });
}

/** A seed of its own for each run, named in every failure; many rounds in tests/long/oracle_test.ts. */
export function testDeletionOracle(test: Test, part: number): void {
  const seed = drawSeed();
  test(`with deletions, outcomes and answers agree with the oracle (seed ${seed})`, async (store) => {
    const random = new SeededRandom(seed);
    const oracle = new MemoryStore();
    const events = disputedEvents(random, eventsFor(part, 1_500));
    for (const batch of batchesOf(events, random)) {
      deepEqual(await put(store, ...batch), await put(oracle, ...batch), `seed ${seed}`);
    }
    for (let i = 0; i < 100 * part; i++) {
      const filter = generateFilter(random, events);
      deepEqual(await idsIn(store, filter), await idsIn(oracle, filter), `seed ${seed}, ${i}`);
    }
  });
}

function testKeeping(subject: Subject): void {
  Deno.test(`${subject.name}: NIP09-14 NIP62-10 tombstones survive a restart`, async () => {
    await using place = await subject.place();
    const [byId, late, old] = [note(), note(), note({ pubkey: BOB })];
    const byAddress = article("x");
    const first = await place.open();
    await put(first, byId, byAddress, old);
    const tags = [["e", byId.id], ["e", late.id], ["a", `30023:${ALICE}:x`]];
    await put(first, deletion(tags), vanish(500, { pubkey: BOB }));
    await first.close();
    const second = await place.open();
    try {
      const outcomes = await put(second, byId, late, byAddress, old);
      deepEqual(outcomes, ["deleted", "deleted", "deleted", "deleted"]);
    } finally {
      await second.close();
    }
  });
}

function testSharing(subject: Subject): void {
  const part = subject.part ?? 1;
  Deno.test(`${subject.name}: an event and its deletion at the same time: none is left`, async () => {
    await using place = await subject.place();
    const stores = await Promise.all([place.open(), place.open()]);
    try {
      for (let round = 0; round < 60 * part; round++) {
        const [event, version, late] = [note(), article(`${round}`), article(`${round}`)];
        const request = deletion([["e", event.id], ["a", `30023:${ALICE}:${round}`]]);
        await Promise.all([
          put(stores[round % 2]!, event, version),
          put(stores[(round + 1) % 2]!, request),
          put(stores[0]!, late),
          put(stores[1]!, event),
        ]);
        deepEqual(await idsIn(stores[0]!, { ids: idsOf(event, version, late) }), [], `${round}`);
      }
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  Deno.test(`${subject.name}: stores that write and delete at the same time converge`, async () => {
    await using place = await subject.place();
    const stores = await Promise.all([place.open(), place.open(), place.open()]);
    try {
      const random = new SeededRandom(78);
      const events = disputedEvents(random, eventsFor(part, 1_500));
      const oracle = new MemoryStore();
      await put(oracle, ...events);
      await Promise.all(
        stores.map((store) =>
          Promise.all(batchesOf(events, random).map((batch) => put(store, ...batch)))
        ),
      );
      const expected = await idsIn(oracle, {});
      for (const store of stores) deepEqual(await idsIn(store, {}), expected);
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });
}

/** All of them in an order of chance, in batches of one to forty. */
function batchesOf(events: readonly NostrEvent[], random: SeededRandom): readonly NostrEvent[][] {
  const order = random.shuffled(events);
  const batches = [];
  while (order.length > 0) batches.push(order.splice(0, random.between(1, 40)));
  return batches;
}

async function put(store: EventStore, ...events: readonly NostrEvent[]) {
  return await store.put(events.map(recordOf));
}

function note(fields: Partial<NostrEvent> = {}): NostrEvent {
  return someEvent({ pubkey: ALICE, ...fields });
}

function article(d: string, fields: Partial<NostrEvent> = {}): NostrEvent {
  return note({ kind: 30_023, tags: [["d", d]], ...fields });
}

function wrap(tags: NostrEvent["tags"], fields: Partial<NostrEvent> = {}): NostrEvent {
  return someEvent({ kind: 1059, pubkey: newKey(), tags, ...fields });
}

function deletion(tags: NostrEvent["tags"], fields: Partial<NostrEvent> = {}): NostrEvent {
  return note({ kind: 5, tags, created_at: 800, ...fields });
}

function vanish(created_at: number, fields: Partial<NostrEvent> = {}): NostrEvent {
  return note({ kind: 62, tags: [["relay", "ALL_RELAYS"]], created_at, ...fields });
}

function idsOf(...events: readonly NostrEvent[]): Set<string> {
  return new Set(events.map(({ id }) => id));
}
