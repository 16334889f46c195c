/**
 * Events in columns of typed arrays, and the lists of them under everything that filters ask for.
 *
 * An event is a slot: its fields stand at that place in each column. A slot is used again when its event
 * is gone, so nobody keeps one while others have their turn.
 *
 * @module
 */

import type { NostrEvent, Tag } from "../../nostr/event.ts";
import { expirationOf } from "../../nostr/expiration.ts";
import { GIFT_WRAP } from "../../nostr/gift_wrap.ts";
import { KEY_DIGITS } from "../../nostr/hex.ts";
import { KEY_BYTES, KeySet } from "../../nostr/key_set.ts";
import { type Address, addressOf, kindClass } from "../../nostr/kind.ts";
import type { LateEvent, StoredEvent, ToldRecord } from "../event_store.ts";
import { Bodies } from "./bodies.ts";
import { Lanes } from "./lanes.ts";
import { Blocks } from "./sorted_lists.ts";
import {
  grown,
  HashTable,
  KEY_WORDS,
  KeyColumn,
  type KeyedHash,
  NONE,
  roomFor,
} from "./typed_arrays.ts";

/** How many words of an id are hashed: the last, because proof of work makes the first ones alike. */
const HASHED_WORDS = 4;
const FIRST_HASHED = KEY_WORDS - HASHED_WORDS;

/** Memory of an event besides its JSON and its entries in lanes, bytes, as `bench/window_bytes.ts` measures it. */
const SLOT_COST = 105;

/** Of an event, when it was created and when it expires, seconds since 1970, and its sequence number. */
const FIELDS = 3;
const CREATED_AT = 0;
const EXPIRES_AT = 1;
const SEQ = 2;

/** Where the lanes of an event stand in its block; those of its tags follow. */
const AUTHOR = 0;
const KIND = 1;
const PAIR = 2;
const FIRST_TAG = 3;

/** Holds events, and finds them by id, by address and by {@link Lanes}. */
export class EventTable {
  readonly #blocks = new Blocks();
  /** The lanes that the events stand in. */
  readonly lanes: Lanes;
  readonly #bodies = new Bodies();
  readonly #hash: KeyedHash;
  readonly #byId: HashTable;
  readonly #ids = new KeyColumn();
  /** Of each slot, three numbers side by side. */
  #numbers = new Float64Array(FIELDS * roomFor(0));
  #kinds = new Uint16Array(roomFor(0));
  #blockStarts = new Uint32Array(roomFor(0));
  #blockLengths = new Uint32Array(roomFor(0));
  readonly #free: number[] = [];
  #slotCount = 0;
  /** The id that is looked for. */
  readonly #sought = new Uint8Array(KEY_BYTES);
  readonly #soughtWords = new Uint16Array(this.#sought.buffer);

  constructor(hash: KeyedHash) {
    this.#hash = hash;
    this.#byId = new HashTable((slot) => this.#hashOf(slot));
    this.lanes = new Lanes({ hash, blocks: this.#blocks, order: (a, b) => this.compare(b, a) });
  }

  /** How many events are here. */
  get size(): number {
    return this.#slotCount - this.#free.length;
  }

  /** The memory of all of it, bytes. */
  get bytes(): number {
    return SLOT_COST * this.#slotCount + this.#blocks.bytes + this.lanes.bytes + this.#bodies.bytes;
  }

  /** How much of {@link bytes} is there to be used again. */
  get freeBytes(): number {
    return SLOT_COST * this.#free.length + this.#blocks.freeBytes + this.lanes.freeBytes;
  }

  /** The slot of an event by its id, a checked one; {@link NONE} if it is not here. */
  find(id: string): number {
    if (id.length !== KEY_DIGITS) return NONE;
    this.#sought.setFromHex(id);
    return this.#find(this.#soughtWords, 0);
  }

  /** The slot of each of these events, {@link NONE} for those that are not here. */
  findAll(ids: ReadonlySet<string>): readonly number[] {
    const slots: number[] = [];
    if (!(ids instanceof KeySet)) {
      for (const id of ids) slots.push(this.find(id));
    } else {
      const words = new Uint16Array(ids.bytes.buffer);
      for (let from = 0; from < words.length; from += KEY_WORDS) {
        slots.push(this.#find(words, from));
      }
    }
    return slots;
  }

  /** The slot of the event whose id has its words at `from`. */
  #find(words: Uint16Array, from: number): number {
    const table = this.#byId;
    const hash = this.#hash.of(words, from + FIRST_HASHED, HASHED_WORDS);
    for (let cell = table.start(hash);; cell = table.next(cell)) {
      const slot = table.at(cell);
      if (slot === NONE || this.#ids.isAt(slot, words, from)) return slot;
    }
  }

  /** The slot of the event at an address; {@link NONE} if there is none. */
  atAddress({ kind, pubkey, d }: Address): number {
    const { lanes } = this;
    const pair = lanes.ofKindAndAuthor(kind, lanes.valueOf(pubkey));
    const isReplaceable = kindClass(kind) === "replaceable";
    const lane = isReplaceable ? pair : lanes.ofAddress(pair, lanes.valueOf(d));
    return lane === NONE ? NONE : lanes.newestOf(lane);
  }

  /** The slot of the last event in the order of answers; {@link NONE} without any. */
  get oldest(): number {
    return this.size === 0 ? NONE : this.lanes.oldestOf(this.lanes.all);
  }

  /** Adds an event whose id is not here, and returns its slot. */
  add({ event, json, seq = 0 }: ToldRecord): number {
    const slot = this.#free.pop() ?? this.#slotCount++;
    if (slot >= this.#kinds.length) this.#grow();
    this.#ids.at(slot).setFromHex(event.id);
    this.#numbers[FIELDS * slot + CREATED_AT] = event.created_at;
    this.#numbers[FIELDS * slot + EXPIRES_AT] = expirationOf(event) ?? Infinity;
    this.#numbers[FIELDS * slot + SEQ] = seq;
    this.#kinds[slot] = event.kind;
    this.#byId.add(this.#hashOf(slot), slot);
    this.#bodies.add(slot, json);
    this.#enter(slot, event);
    return slot;
  }

  /** Removes the event of a slot. */
  remove(slot: number): void {
    const [start, length] = [this.#blockStarts[slot]!, this.#blockLengths[slot]!];
    for (let at = start; at < start + length; at++) {
      this.lanes.leave(this.#blocks.words[at]!, slot);
    }
    this.lanes.leave(this.lanes.all, slot);
    this.#blocks.give(start, length);
    this.#byId.delete(this.#hashOf(slot), slot);
    this.#bodies.delete(slot);
    this.#free.push(slot);
  }

  /** Less than zero when the event of `a` comes first in an answer: newest first, then by smaller id. */
  compare(a: number, b: number): number {
    const byTime = this.#numbers[FIELDS * b + CREATED_AT]! -
      this.#numbers[FIELDS * a + CREATED_AT]!;
    if (byTime !== 0 || a === b) return byTime;
    return this.#ids.compare(a, b);
  }

  createdAtOf(slot: number): number {
    return this.#numbers[FIELDS * slot + CREATED_AT]!;
  }

  /** When the event expires, seconds since 1970; infinite for one that does not. */
  expiresAtOf(slot: number): number {
    return this.#numbers[FIELDS * slot + EXPIRES_AT]!;
  }

  kindOf(slot: number): number {
    return this.#kinds[slot]!;
  }

  idOf(slot: number): string {
    return this.#ids.at(slot).toHex();
  }

  /** The public key of the author. */
  authorOf(slot: number): string {
    return this.lanes.textOf(this.authorLaneOf(slot));
  }

  /** The lane of the author. */
  authorLaneOf(slot: number): number {
    return this.#blocks.words[this.#blockStarts[slot]! + AUTHOR]!;
  }

  /** The number of the author's public key. */
  authorValueOf(slot: number): number {
    return this.lanes.valueIn(this.authorLaneOf(slot));
  }

  /** How many lanes the event stands in. */
  laneCountOf(slot: number): number {
    return this.#blockLengths[slot]!;
  }

  /** How many lanes of tags the event stands in. */
  tagCountOf(slot: number): number {
    return this.#blockLengths[slot]! - FIRST_TAG;
  }

  /** Whether the event stands in a lane of tags. */
  isInTagLane(slot: number, lane: number): boolean {
    const { words } = this.#blocks;
    const start = this.#blockStarts[slot]!;
    const end = start + this.#blockLengths[slot]!;
    for (let at = start + FIRST_TAG; at < end; at++) {
      if (words[at] === lane) return true;
    }
    return false;
  }

  /** Whether the event stands in any of these lanes of tags. */
  isInAnyTagLane(slot: number, lanes: ReadonlySet<number>): boolean {
    const { words } = this.#blocks;
    const start = this.#blockStarts[slot]!;
    const end = start + this.#blockLengths[slot]!;
    for (let at = start + FIRST_TAG; at < end; at++) {
      if (lanes.has(words[at]!)) return true;
    }
    return false;
  }

  /**
   * The event as deletions look at it: of the tags it has those that say whose the event is, and the `d` tag
   * of its address.
   */
  describe(slot: number): LateEvent {
    const [id, pubkey, kind] = [this.idOf(slot), this.authorOf(slot), this.kindOf(slot)];
    const first = this.#blockStarts[slot]! + FIRST_TAG;
    const isAddressable = kindClass(kind) === "addressable";
    const count = isAddressable ? 1 : kind === GIFT_WRAP ? this.tagCountOf(slot) : 0;
    const tags: Tag[] = [];
    for (let at = first; at < first + count; at++) {
      tags.push(this.lanes.tagOf(this.#blocks.words[at]!));
    }
    return { id, pubkey, created_at: this.createdAtOf(slot), kind, tags };
  }

  /** The ids and times of these events. */
  placesOf(slots: readonly number[]): Pick<StoredEvent, "id" | "createdAt">[] {
    // To encode all ids at once is much faster than one by one.
    const ids = this.#idsOf(slots).toHex();
    return slots.map((slot, at) => ({
      id: ids.slice(KEY_DIGITS * at, KEY_DIGITS * (at + 1)),
      createdAt: this.#numbers[FIELDS * slot + CREATED_AT]!,
    }));
  }

  /** These events as they are given to readers. */
  rowsOf(slots: readonly number[]): StoredEvent[] {
    const ids = this.#idsOf(slots);
    return slots.map((slot, at) => {
      const seq = this.#numbers[FIELDS * slot + SEQ]!;
      const createdAt = this.#numbers[FIELDS * slot + CREATED_AT]!;
      return new Row(ids, at, { seq, createdAt, json: this.#bodies.get(slot) });
    });
  }

  /** The ids end to end. */
  #idsOf(slots: readonly number[]): Uint8Array {
    const words = new Uint16Array(KEY_WORDS * slots.length);
    const { words: own } = this.#ids;
    for (let at = 0; at < slots.length; at++) {
      const from = KEY_WORDS * slots[at]!;
      for (let word = 0; word < KEY_WORDS; word++) {
        words[KEY_WORDS * at + word] = own[from + word]!;
      }
    }
    return new Uint8Array(words.buffer);
  }

  /** Adds the event to its lanes, and notes them. */
  #enter(slot: number, event: NostrEvent): void {
    const lanes = this.#lanesOf(event);
    const start = this.#blocks.take(lanes.length);
    this.#blocks.words.set(lanes, start);
    this.#blockStarts[slot] = start;
    this.#blockLengths[slot] = lanes.length;
    for (const lane of lanes) this.lanes.enter(lane, slot);
    this.lanes.enter(this.lanes.all, slot);
  }

  #lanesOf(event: NostrEvent): number[] {
    const { lanes } = this;
    const { kind, tags } = event;
    const author = lanes.internValue(event.pubkey);
    const found: number[] = [];
    found[AUTHOR] = lanes.open(lanes.authorKey, author);
    found[KIND] = lanes.open(lanes.kindKey, kind);
    found[PAIR] = lanes.open(kind, author);
    if (kindClass(kind) === "addressable") {
      const { d } = addressOf(event)!;
      found.push(lanes.open(lanes.addressKey(found[PAIR]), lanes.internValue(d)));
    }
    const tagLanes = new Set<number>();
    for (let at = 0; at < tags.length; at++) {
      const [name, value] = tags[at]!;
      if (name!.length !== 1 || value === undefined) continue;
      tagLanes.add(lanes.open(lanes.tagKey(name!), lanes.internValue(value)));
    }
    for (const lane of tagLanes) found.push(lane);
    return found;
  }

  #hashOf(slot: number): number {
    return this.#hash.of(this.#ids.words, KEY_WORDS * slot + FIRST_HASHED, HASHED_WORDS);
  }

  #grow(): void {
    const length = roomFor(this.#slotCount);
    this.#ids.grow(length);
    this.#numbers = grown(Float64Array, this.#numbers, FIELDS * length);
    this.#kinds = grown(Uint16Array, this.#kinds, length);
    this.#blockStarts = grown(Uint32Array, this.#blockStarts, length);
    this.#blockLengths = grown(Uint32Array, this.#blockLengths, length);
  }
}

/** An event of an answer. Nearly nobody asks for its id, so that is encoded when somebody does. */
class Row implements StoredEvent {
  readonly seq: number;
  readonly createdAt: number;
  readonly json: Uint8Array;
  readonly #ids: Uint8Array;
  readonly #place: number;

  constructor(
    ids: Uint8Array,
    place: number,
    { seq, createdAt, json }: Omit<StoredEvent, "id">,
  ) {
    this.seq = seq;
    this.createdAt = createdAt;
    this.json = json;
    this.#ids = ids;
    this.#place = place;
  }

  get id(): string {
    return this.#ids.subarray(KEY_BYTES * this.#place, KEY_BYTES * (this.#place + 1)).toHex();
  }
}
