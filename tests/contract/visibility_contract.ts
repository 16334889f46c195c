/**
 * What every store promises of events that are not for everybody, whoever asks and however.
 *
 * @see NIP-04, NIP-17, NIP-59, NIP-45
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { countAuthor, emptyRegisters, hyperLogLogOffset } from "../../src/nostr/hyperloglog.ts";
import { addressOf, isNewer } from "../../src/nostr/kind.ts";
import { matches } from "../../src/nostr/match.ts";
import type { Reader } from "../../src/nostr/visibility.ts";
import type { EventStore } from "../../src/store/event_store.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { recordOf } from "../kit/records.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";
import { eventsFor } from "./random_part.ts";

type Test = (sentence: string, work: (store: EventStore) => Promise<void>) => void;

const PRIVATE_KINDS: ReadonlySet<number> = new Set([4, 1059, 21_059]);

/** Somebody who holds these keys. */
function readerOf(...keys: string[]): Reader {
  return { privateKinds: PRIVATE_KINDS, keys: new Set(keys) };
}

/** The rule in other words than those of the code: who may see the event, or everybody. */
function maySee(event: NostrEvent, { keys }: Reader): boolean {
  const isPrivate = event.kind === 4 || event.kind === 1059 || event.kind === 21_059;
  const addressees = event.tags.filter(([name]) => name === "p").map(([, value]) => value!);
  return !isPrivate || [event.pubkey, ...addressees].some((key) => keys.has(key));
}

/** What is left of events when the newer versions have replaced the older ones. */
function current(events: readonly NostrEvent[]): readonly NostrEvent[] {
  const versions = new Map<string, NostrEvent>();
  for (const event of events) {
    const address = addressOf(event);
    const key = address === undefined ? event.id : JSON.stringify(address);
    const known = versions.get(key);
    if (known === undefined || isNewer(event, known)) versions.set(key, event);
  }
  return [...versions.values()].sort((a, b) =>
    b.created_at - a.created_at || (a.id < b.id ? -1 : 1)
  );
}

async function idsOf(store: EventStore, filters: readonly ReqFilter[], reader: Reader) {
  const ids: string[] = [];
  for await (const rows of store.query(filters, { reader })) ids.push(...rows.map(({ id }) => id));
  return ids;
}

/** A seed of its own for each run, named in every failure; many rounds in tests/long/oracle_test.ts. */
export function testVisibilityOracle(test: Test, part: number): void {
  const seed = drawSeed();
  test(`NIP59-02 NIP04-04 X-08 random readers see what is theirs (seed ${seed})`, async (store) => {
    const random = new SeededRandom(seed);
    const events = current(generateEvents(random, eventsFor(part, 1_500), { authors: 30 }));
    await store.put(events.map(recordOf));
    const secret = events.filter(({ kind }) => PRIVATE_KINDS.has(kind));
    const people = secret.flatMap(({ pubkey, tags }) => [
      pubkey,
      ...tags.filter(([name]) => name === "p").map(([, value]) => value!),
    ]);
    for (let i = 0; i < 60 * part; i++) {
      const reader = readerOf(...random.sample(people, random.int(3)));
      const filters = Array.from({ length: random.between(1, 3) }, () => ({
        ...generateFilter(random, random.chance(0.5) ? events : secret),
      }));
      const seen = events.filter((event) => maySee(event, reader));
      const found = new Set(
        filters.flatMap((filter) =>
          seen.filter((event) => matches(filter, event)).slice(0, filter.limit ?? Infinity)
        ),
      );
      const expected = seen.filter((event) => found.has(event)).map(({ id }) => id);
      const where = `seed ${seed}, question ${i}`;
      deepEqual(await idsOf(store, filters, reader), expected, where);

      const listed: string[] = [];
      for await (const rows of store.identify(filters, { reader })) {
        listed.push(...rows.map(({ id }) => id));
      }
      deepEqual(listed, expected, where);

      const counted = await store.count(filters, { maxRows: 100_000, reader });
      const all = seen.filter((event) => filters.some((filter) => matches(filter, event)));
      equal(counted.count, all.length, where);
      const offset = filters.length === 1 ? hyperLogLogOffset(filters[0]!) : undefined;
      if (offset === undefined) continue;
      const registers = emptyRegisters();
      for (const { pubkey } of all) countAuthor(registers, pubkey, offset);
      deepEqual(counted.registers, registers, where);
    }
  });
}

/** Registers the suite for one kind of store. */
export function testVisibility(test: Test, part: number): void {
  testVisibilityOracle(test, part);

  test("a stranger's limit is filled with what is public, whatever is hidden above it", async (store) => {
    const author = new FakeSigner(new SeededRandom(7));
    const friend = new FakeSigner(new SeededRandom(8));
    const make = (kind: number, created_at: number) =>
      author.sign({ kind, created_at, tags: [["p", friend.pubkey]], content: `${created_at}` });
    const hidden = Array.from({ length: 156 }, (_, i) => make(4, 10_000 + i));
    const open = Array.from({ length: 450 }, (_, i) => make(1, 5_000 + i));
    await store.put([...hidden, ...open].map(recordOf));
    const newest = open.toReversed().slice(0, 400).map(({ id }) => id);
    const byAuthor: ReqFilter = { authors: new Set([author.pubkey]), tags: new Map(), limit: 400 };
    const byTag: ReqFilter = { tags: new Map([["p", new Set([friend.pubkey])]]), limit: 400 };
    const stranger = readerOf("f".repeat(64));
    for (const filter of [byAuthor, byTag, { tags: new Map(), limit: 400 }]) {
      deepEqual(await idsOf(store, [filter], readerOf()), newest);
      deepEqual(await idsOf(store, [filter], stranger), newest);
      for (const own of [author, friend]) {
        equal((await idsOf(store, [filter], readerOf(own.pubkey)))[0], hidden.at(-1)!.id);
      }
    }
    const ids: ReqFilter = { ids: new Set(hidden.map(({ id }) => id)), tags: new Map() };
    deepEqual(await idsOf(store, [ids], stranger), []);
    equal((await idsOf(store, [ids], readerOf(friend.pubkey))).length, 156);
  });
}
