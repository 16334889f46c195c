import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256 } from "../../../src/app/system/sha256.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { bytesToHex, hexToBytes } from "../../../src/nostr/hex.ts";
import { type ItemSet, ItemSetBuilder } from "../../../src/nostr/negentropy/item_set.ts";
import { sumOf } from "../../../src/nostr/negentropy/items.ts";
import {
  answerInSteps,
  firstMessage,
  learnFrom,
  type ReconcileOptions,
} from "../../../src/nostr/negentropy/reconcile.ts";
import { SliceSet, SliceSums } from "../../../src/nostr/negentropy/slice_set.ts";
import { drawSeed, SeededRandom } from "../../kit/seeded_random.ts";

interface Item {
  readonly time: number;
  readonly id: string;
}

function randomItem(random: SeededRandom, seconds: number): Item {
  const id = bytesToHex(sha256(utf8(`${random.int(2 ** 31)} ${random.int(2 ** 31)}`)));
  return {
    time: 1_700_000_000 + random.int(seconds),
    id: random.chance(0.2) ? `abcdef0123${id.slice(10)}` : id,
  };
}

function setOf(items: Iterable<Item>): ItemSet {
  const builder = new ItemSetBuilder();
  const newestFirst = [...items].sort((a, b) => b.time - a.time || (a.id < b.id ? -1 : 1));
  for (const { time, id } of newestFirst) builder.add(time, id);
  return builder.build();
}

/** The numbers of a slice, summed up in the plainest way. */
function sliceOf(fromS: number, items: readonly Item[]): readonly number[] {
  const words = Array.from({ length: 8 }, (_, word) =>
    items.reduce((sum, { id }) => {
      const view = new DataView(hexToBytes(id).buffer);
      return sum + view.getUint32(4 * word, true);
    }, 0));
  return [fromS, items.length, ...words];
}

/** A relay that knows its items by slices, and reads them as they are by then. */
class SlicedRelay {
  readonly items: Map<string, Item>;
  readonly set: SliceSet;
  readonly #maxHeld: number;
  /** How many slices were read, and how often some were read together. */
  reads = 0;
  readings = 0;
  /** Called before each slice that is read. */
  onRead = () => {};

  constructor(items: readonly Item[], froms: readonly number[], maxHeld = Infinity) {
    this.items = new Map(items.map((item) => [item.id, item]));
    this.#maxHeld = maxHeld;
    const slices = froms.map((from, at) =>
      sliceOf(from, this.#between(from, froms[at + 1] ?? Infinity))
    );
    this.set = new SliceSet(new SliceSums(Float64Array.from(slices.flat())));
  }

  answer(message: Uint8Array, options: ReconcileOptions): Uint8Array {
    const steps = answerInSteps(this.set, message, options);
    for (let step = steps.next();; step = steps.next()) {
      if (step.done) {
        if ("fault" in step.value) throw new Error(step.value.fault);
        return step.value.message;
      }
      if (step.value.length > 0) this.readings++;
      for (const slice of this.set.readSlices) {
        if (this.set.heldItems <= this.#maxHeld) break;
        if (!step.value.includes(slice)) this.set.forget(slice);
      }
      for (const slice of step.value) {
        if (this.set.isRead(slice)) continue;
        this.reads++;
        this.onRead();
        const { fromS, toS } = this.set.timesOf(slice);
        this.set.read(slice, setOf(this.#between(fromS, toS)));
      }
    }
  }

  #between(from: number, to: number): readonly Item[] {
    return [...this.items.values()].filter(({ time }) => time >= from && time < to);
  }
}

function reconciled(client: ItemSet, relay: SlicedRelay, limits: Partial<ReconcileOptions> = {}) {
  const have = new Set<string>();
  const need = new Set<string>();
  let rounds = 0;
  for (let message: Uint8Array | undefined = firstMessage(client, { sha256 }); message;) {
    ok(++rounds < 5_000, "it ends");
    const answered = relay.answer(message, { sha256, ...limits });
    ok(answered.length <= (limits.maxMessageBytes ?? Infinity), "the answer is short enough");
    const learnt = learnFrom(client, answered, { sha256 });
    if ("fault" in learnt) throw new Error(learnt.fault);
    for (const id of learnt.have) have.add(id);
    for (const id of learnt.need) need.add(id);
    message = learnt.message;
  }
  return { have: [...have].sort(), need: [...need].sort(), rounds };
}

/** Times at which slices begin. Some slices are empty, some have most items. */
function randomFroms(random: SeededRandom, seconds: number): readonly number[] {
  const times = Array.from({ length: random.int(60) }, () => 1_700_000_000 + random.int(seconds));
  return [...new Set([0, ...times])].sort((a, b) => a - b);
}

const seed = drawSeed();

Deno.test(`sums over slices are those of the items, read or not (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  for (let round = 0; round < 40; round++) {
    const items = Array.from({ length: random.int(500) }, () => randomItem(random, 300));
    const all = setOf(items);
    const froms = randomFroms(random, 300);
    const relay = new SlicedRelay(items, froms);
    const { set } = relay;
    equal(set.size, all.size);
    for (let i = 0; i < 20; i++) {
      const [from, to] = [random.pick(froms), random.pick(froms)].sort((a, b) => a - b);
      const bounds = [from!, to!].map((timestamp) => ({ timestamp, idPrefix: new Uint8Array() }));
      const [lower, upper] = bounds.map((bound) => all.findBound(bound, 0));
      deepEqual(bounds.map((bound) => set.findBound(bound, 0)), [lower, upper], `seed ${seed}`);
      deepEqual(sumOf(set, [lower!, upper!]), sumOf(all, [lower!, upper!]), `seed ${seed}`);
    }
  }
});

Deno.test(`NEG-04 NEG-14 a set in slices is compared exactly, whatever the slices (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  for (let round = 0; round < 50; round++) {
    const seconds = random.pick([1, 20, 400]);
    const items = Array.from({ length: random.int(900) }, () => randomItem(random, seconds));
    const shared = random.pick([0, 0.5, 0.99, 1]);
    const both = items.filter(() => random.chance(shared));
    const mine = Array.from({ length: random.int(3) * 5 }, () => randomItem(random, seconds));
    const client = [...both, ...mine];
    const relay = new SlicedRelay(items, randomFroms(random, seconds), random.pick([0, 100, 1e9]));
    const found = reconciled(setOf(client), relay, {
      maxMessageBytes: random.pick([4_096, 20_000, 1e9]),
      maxSlices: random.pick([1, 5, Infinity]),
      turnFingerprints: random.pick([1, 20, Infinity]),
    });
    const [ids, theirs] = [client, items].map((list) => new Set(list.map(({ id }) => id)));
    const where = `seed ${seed}, round ${round}`;
    deepEqual(found.have, [...ids!.difference(theirs!)].sort(), where);
    deepEqual(found.need, [...theirs!.difference(ids!)].sort(), where);
  }
});

Deno.test(`NEG-19 what was there all the time is told, and what never was is not, while a set changes (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  for (let round = 0; round < 30; round++) {
    const items = Array.from({ length: 600 }, () => randomItem(random, 300));
    const client = items.filter(() => random.chance(0.9));
    const relay = new SlicedRelay(items, randomFroms(random, 300), random.pick([0, 200, 1e9]));
    const ever = new Set(relay.items.keys());
    const always = new Set(ever);
    relay.onRead = () => {
      for (let change = random.int(6); change > 0; change--) {
        if (random.chance(0.5)) {
          const item = randomItem(random, 300);
          relay.items.set(item.id, item);
          ever.add(item.id);
        } else {
          const id = random.pick([...relay.items.keys()]);
          relay.items.delete(id);
          always.delete(id);
        }
      }
    };
    const found = reconciled(setOf(client), relay, {
      maxMessageBytes: 4_096,
      maxSlices: random.pick([3, Infinity]),
    });
    const where = `seed ${seed}, round ${round}`;
    const [have, need] = [new Set(found.have), new Set(found.need)];
    const ids = new Set(client.map(({ id }) => id));
    for (const id of always) if (!ids.has(id)) ok(need.has(id), where);
    for (const id of need) ok(ever.has(id), where);
    for (const id of ids) if (!ever.has(id)) ok(have.has(id), where);
    for (const id of have) ok(!always.has(id), where);
  }
});

Deno.test("in sync, only the slices in which the other side's ranges end are read; one that differs takes few more", () => {
  const random = new SeededRandom(5);
  const items = Array.from({ length: 20_000 }, () => randomItem(random, 40_000));
  const froms = Array.from({ length: 200 }, (_, at) => at === 0 ? 0 : 1_700_000_000 + 200 * at);
  const same = new SlicedRelay(items, froms);
  const { have, need, rounds } = reconciled(setOf(items), same);
  deepEqual([have, need, rounds], [[], [], 1]);
  ok(same.reads <= 15, `${same.reads}`);
  const lacking = new SlicedRelay(items, froms);
  const missing = items[7_777]!;
  const found = reconciled(setOf(items.filter((item) => item !== missing)), lacking);
  deepEqual(found.need, [missing.id]);
  ok(lacking.reads <= 35, `${lacking.reads}`);
});

Deno.test("where many slices differ, those of many ranges are read together", () => {
  const random = new SeededRandom(6);
  const items = Array.from({ length: 20_000 }, () => randomItem(random, 40_000));
  const froms = Array.from({ length: 200 }, (_, at) => at === 0 ? 0 : 1_700_000_000 + 200 * at);
  const relay = new SlicedRelay(items, froms);
  const { need } = reconciled(setOf(items.filter((_, at) => at % 50 > 0)), relay);
  equal(need.length, 400);
  ok(relay.reads > 150, `${relay.reads}`);
  // One after the other it was 161 times.
  ok(relay.readings <= 8, `${relay.readings}`);
});
