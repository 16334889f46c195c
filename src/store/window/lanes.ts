/**
 * Lanes: sorted lists of events, each under something that filters ask for.
 *
 * @module
 */

import type { Tag } from "../../nostr/event.ts";
import { type Blocks, SortedLists } from "./sorted_lists.ts";
import { grown, HashTable, type KeyedHash, NONE, roomFor } from "./typed_arrays.ts";
import { Values } from "./values.ts";

/** Memory of a lane besides its entries, bytes, as `bench/window_bytes.ts` measures it. */
const LANE_COST = 35;

/*
 * A lane has a key and a value. The keys are kinds, for the events of an author of that kind, and these;
 * the value is the number of a text, but in lanes of a kind, where it is the kind.
 */
const TAG_KEYS = 0x1_0000;
const AUTHOR_KEY = 0x2_0000;
const KIND_KEY = 0x2_0001;
const ALL_KEY = 0x2_0002;
const ADDRESS_KEYS = 0x8000_0000;

interface LanesOptions {
  readonly hash: KeyedHash;
  readonly blocks: Blocks;
  /** Less than zero when the event of slot `a` comes before that of `b`, oldest first. */
  readonly order: (a: number, b: number) => number;
}

/** Lanes by key and value. A lane exists as long as an event stands in it. */
export class Lanes {
  /** The entries of each lane, oldest first. */
  readonly entries: SortedLists;
  /** The lane of all events. */
  readonly all: number;
  readonly #values: Values;
  readonly #hash: KeyedHash;
  readonly #table: HashTable;
  #keys = new Uint32Array(roomFor(0));
  #valueOf = new Uint32Array(roomFor(0));
  readonly #free: number[] = [];
  #count = 0;

  constructor({ hash, blocks, order }: LanesOptions) {
    this.#hash = hash;
    this.#values = new Values(hash);
    this.entries = new SortedLists(blocks, order);
    this.#table = new HashTable((lane) => hash.ofPair(this.#keys[lane]!, this.#valueOf[lane]!));
    this.all = this.open(ALL_KEY, 0);
  }

  /** The memory of the lanes and their values, without the blocks, bytes. */
  get bytes(): number {
    return LANE_COST * this.#count + this.#values.bytes + this.entries.bytes;
  }

  /** How much of {@link bytes} is there to be used again. */
  get freeBytes(): number {
    return LANE_COST * this.#free.length + this.#values.freeBytes;
  }

  /** The number of a text; {@link NONE} if no lane has it. */
  valueOf(text: string): number {
    return this.#values.find(text);
  }

  /** The numbers of those of these texts that lanes have. */
  valuesOf(texts: ReadonlySet<string>): readonly number[] {
    return this.#values.findAll(texts);
  }

  /** The number of a text. A lane of that value has to be opened next. */
  internValue(text: string): number {
    return this.#values.intern(text);
  }

  /** The key of lanes of authors. */
  readonly authorKey = AUTHOR_KEY;
  /** The key of lanes of kinds. */
  readonly kindKey = KIND_KEY;

  /** The key of lanes of tags with this letter. */
  tagKey(letter: string): number {
    return TAG_KEYS + letter.charCodeAt(0);
  }

  /** The key of lanes of addresses, by the lane of author and kind. */
  addressKey(pair: number): number {
    return ADDRESS_KEYS + pair;
  }

  /** The lane of an author; {@link NONE} if there is none. So it is for a value of {@link NONE}, here and below. */
  ofAuthor(author: number): number {
    return this.find(AUTHOR_KEY, author);
  }

  /** The lane of a kind. */
  ofKind(kind: number): number {
    return this.find(KIND_KEY, kind);
  }

  /** The lane of an author's events of a kind. */
  ofKindAndAuthor(kind: number, author: number): number {
    return this.find(kind, author);
  }

  /** The lane of an address. */
  ofAddress(pair: number, d: number): number {
    return pair === NONE ? NONE : this.find(this.addressKey(pair), d);
  }

  /** The lane of a tag. */
  ofTag(letter: string, value: number): number {
    return this.find(this.tagKey(letter), value);
  }

  /** The lane of a key and a value; {@link NONE} if there is none. */
  find(key: number, value: number): number {
    if (value === NONE) return NONE;
    return this.#find(key, value, this.#hash.ofPair(key, value));
  }

  /** The lane of a key and a value, which is made if there is none. An event has to enter it next. */
  open(key: number, value: number): number {
    const hash = this.#hash.ofPair(key, value);
    const known = this.#find(key, value, hash);
    if (known !== NONE) return known;
    const lane = this.#free.pop() ?? this.#count++;
    if (lane >= this.#keys.length) {
      this.#keys = grown(Uint32Array, this.#keys, roomFor(this.#count));
      this.#valueOf = grown(Uint32Array, this.#valueOf, roomFor(this.#count));
    }
    this.#keys[lane] = key;
    this.#valueOf[lane] = value;
    this.#table.add(hash, lane);
    if (hasText(key)) this.#values.use(value);
    return lane;
  }

  /** Adds an event to a lane. */
  enter(lane: number, slot: number): void {
    this.entries.add(lane, slot);
  }

  /** Removes an event from a lane. */
  leave(lane: number, slot: number): void {
    if (!this.entries.delete(lane, slot) || lane === this.all) return;
    const [key, value] = [this.#keys[lane]!, this.#valueOf[lane]!];
    this.#table.delete(this.#hash.ofPair(key, value), lane);
    if (hasText(key)) this.#values.release(value);
    this.#free.push(lane);
  }

  /** How many events stand in a lane. */
  sizeOf(lane: number): number {
    return this.entries.lengthOf(lane);
  }

  /** The first event of a lane in the order of answers. */
  newestOf(lane: number): number {
    const { entries, end } = this.entries.piecesOf(lane).at(-1)!;
    return entries[end - 1]!;
  }

  /** The last event of a lane in the order of answers. */
  oldestOf(lane: number): number {
    const { entries, start } = this.entries.piecesOf(lane)[0]!;
    return entries[start]!;
  }

  /** The number of a lane's value. */
  valueIn(lane: number): number {
    return this.#valueOf[lane]!;
  }

  /** The text of a lane's value. */
  textOf(lane: number): string {
    return this.#values.textOf(this.#valueOf[lane]!);
  }

  /** The tag that a lane is for; of an address, the `d` tag. */
  tagOf(lane: number): Tag {
    const key = this.#keys[lane]!;
    const name = key >= ADDRESS_KEYS ? "d" : String.fromCharCode(key - TAG_KEYS);
    return [name, this.textOf(lane)];
  }

  #find(key: number, value: number, hash: number): number {
    const table = this.#table;
    for (let at = table.start(hash); table.at(at) !== NONE; at = table.next(at)) {
      const lane = table.at(at);
      if (this.#keys[lane] === key && this.#valueOf[lane] === value) return lane;
    }
    return NONE;
  }
}

/** Whether the value of lanes with this key is the number of a text. */
function hasText(key: number): boolean {
  return key !== KIND_KEY && key !== ALL_KEY;
}
