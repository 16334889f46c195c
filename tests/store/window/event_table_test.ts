import { deepEqual, equal, ok } from "node:assert/strict";
import { Bodies } from "../../../src/store/window/bodies.ts";
import { EventTable } from "../../../src/store/window/event_table.ts";
import { Blocks, SortedLists } from "../../../src/store/window/sorted_lists.ts";
import { HashTable, KeyedHash, NONE } from "../../../src/store/window/typed_arrays.ts";
import { Values } from "../../../src/store/window/values.ts";
import { costMs } from "../../kit/cost.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { newKey, recordOf } from "../../kit/records.ts";
import { drawSeed, SeededRandom } from "../../kit/seeded_random.ts";

const seed = drawSeed();

function numbersIn(table: HashTable, hash: number): number[] {
  const found: number[] = [];
  for (let at = table.start(hash); table.at(at) !== NONE; at = table.next(at)) {
    found.push(table.at(at));
  }
  return found;
}

Deno.test(`a number is found under its hash until it is deleted (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  // Few hashes, in all segments, so that many collide.
  const hashes = Array.from({ length: 2_000 }, () => random.int(2 ** 31 - 1) & 0x7e00_001f);
  const table = new HashTable((number) => hashes[number]!);
  const held = new Set<number>();
  for (let step = 0; step < 6_000; step++) {
    const number = random.int(hashes.length);
    if (held.delete(number)) table.delete(hashes[number]!, number);
    else {
      held.add(number);
      table.add(hashes[number]!, number);
    }
    const other = random.int(hashes.length);
    equal(numbersIn(table, hashes[other]!).includes(other), held.has(other));
  }
});

Deno.test("a hash depends on every word, and on the random factors", () => {
  const [hash, other] = [1, 2].map((seed) => new KeyedHash(new SeededRandom(seed)));
  const words = new Uint16Array(16).fill(0xffff);
  const whole = hash!.of(words, 0, 16);
  ok(Number.isSafeInteger(whole) && whole >= 0 && whole < 2 ** 31);
  for (let word = 0; word < 16; word++) {
    const changed = words.slice();
    changed[word]! -= 1;
    ok(hash!.of(changed, 0, 16) !== whole);
  }
  ok(other!.of(words, 0, 16) !== whole);
  ok(hash!.ofPair(2 ** 31 + 5, 7) !== hash!.ofPair(5, 7));
});

Deno.test(`lists stay sorted, short ones and long ones (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  const blocks = new Blocks();
  const lists = new SortedLists(blocks, (a, b) => a - b);
  const expected = Array.from({ length: 5 }, () => new Set<number>());
  const check = (list: number) => {
    const found = lists.lengthOf(list) === 0 ? [] : lists.piecesOf(list).flatMap((
      { entries, start, end },
    ) => [...entries.subarray(start, end)]);
    equal(found.length, lists.lengthOf(list));
    deepEqual(found, [...expected[list]!].sort((a, b) => a - b));
  };
  // They grow, then they shrink. The first has most of the numbers.
  for (const chance of [0.8, 0.2]) {
    for (let step = 0; step < 20_000; step++) {
      const list = random.int(step % 2 === 0 ? 5 : 1);
      const held = expected[list]!;
      const [first] = held;
      const oldest = step % 20 === 0 && held.size > 0 ? Math.min(...held) : first;
      const number = random.int(1_000_000);
      if (random.chance(chance) && !held.has(number)) {
        held.add(number);
        lists.add(list, number);
      } else if (oldest !== undefined) {
        held.delete(oldest);
        equal(lists.delete(list, oldest), held.size === 0);
      }
      if (step % 500 === 0) check(list);
    }
    for (let list = 0; list < 5; list++) check(list);
    // One of them has become long, and short again.
    equal(lists.bytes > 0, chance > 0.5);
  }
  // One that grows at the front, as when the window is filled.
  for (let number = 5_000; number > 0; number--) {
    if (expected[4]!.has(number)) continue;
    expected[4]!.add(number);
    lists.add(4, number);
  }
  check(4);
  for (let list = 0; list < 5; list++) {
    for (const number of expected[list]!) lists.delete(list, number);
  }
  equal(blocks.bytes, blocks.freeBytes);
  equal(lists.bytes, 0);
});

Deno.test(`a body stays as it was given, and what is deleted is given up (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  const bodies = new Bodies();
  const held = new Map<number, { given: Uint8Array; view: Uint8Array }>();
  const gone: { given: Uint8Array; view: Uint8Array }[] = [];
  let live = 0;
  for (let step = 0; step < 20_000; step++) {
    const slot = random.int(1_000);
    const known = held.get(slot);
    if (known === undefined) {
      const given = random.bytes(random.chance(0.02) ? 20_000 : random.between(300, 1_500));
      bodies.add(slot, given);
      held.set(slot, { given, view: bodies.get(slot) });
      live += given.length;
    } else {
      deepEqual(bodies.get(slot), known.given);
      bodies.delete(slot);
      held.delete(slot);
      live -= known.given.length;
      if (random.chance(0.05)) gone.push(known);
    }
  }
  for (const { given, view } of [...held.values(), ...gone]) deepEqual(view, given);
  ok(bodies.bytes >= live && bodies.bytes < 1.5 * live + 100_000, `${bodies.bytes} for ${live}`);
  for (const slot of held.keys()) bodies.delete(slot);
  ok(bodies.bytes < 100_000);
});

Deno.test("a value has one number, whatever it is, until it is not used any more", () => {
  const values = new Values(new KeyedHash(new SeededRandom(seed)));
  const [key, upper] = [newKey(), "AB".repeat(32)];
  const numerals = ["1", "#1", "##1", "#", "01"];
  const texts = [key, "", "nostr", "é", upper, upper.toLowerCase(), "x".repeat(64), ...numerals];
  const numbers = texts.map((text) => {
    const number = values.intern(text);
    values.use(number);
    return number;
  });
  equal(new Set(numbers).size, texts.length);
  deepEqual(numbers.map((number) => values.textOf(number)), texts);
  deepEqual(texts.map((text) => values.find(text)), numbers);
  values.use(numbers[0]!);
  for (const number of numbers) values.release(number);
  deepEqual(texts.map((text) => values.find(text) !== NONE), texts.map((text) => text === key));
  values.release(numbers[0]!);
  equal(values.bytes, values.freeBytes);
});

Deno.test("numbers as values cost what other texts do, whichever they are", () => {
  const cost = (textOf: (i: number) => string) =>
    costMs(() => {
      const values = new Values(new KeyedHash(new SeededRandom(seed)));
      for (let i = 0; i < 5_000; i++) values.use(values.intern(textOf(i)));
    });
  // Array indices of which the lower bits are the same.
  const ratio = cost((i) => String(2 ** 17 * i)) / cost((i) => `x${2 ** 17 * i}`);
  ok(ratio < 8, `${ratio.toFixed(1)} times other texts`);
});

Deno.test(`events that are removed leave nothing behind (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  const table = new EventTable(new KeyedHash(random));
  const used = () => table.bytes - table.freeBytes;
  const empty = used();
  const events = new Map(generateEvents(random, 2_000).map((event) => [event.id, event]));
  for (let round = 0; round < 3; round++) {
    for (const event of events.values()) table.add(recordOf(event));
    equal(table.size, events.size);
    for (const { id, pubkey, kind, created_at } of events.values()) {
      const slot = table.find(id);
      const { tags: _, ...found } = table.describe(slot);
      deepEqual(found, { id, pubkey, kind, created_at });
    }
    const ids = random.shuffled([...events.keys()]);
    for (const id of ids) table.remove(table.find(id));
    equal(table.size, 0);
    ok(Math.abs(used() - empty) < 1, `${used()} and ${empty}`);
  }
});
