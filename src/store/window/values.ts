/**
 * Public keys, ids and other tag values, each kept once under a number.
 *
 * @module
 */

import { isHex, KEY_DIGITS } from "../../nostr/hex.ts";
import { KEY_BYTES, KeySet } from "../../nostr/key_set.ts";
import {
  grown,
  HashTable,
  KEY_WORDS,
  KeyColumn,
  type KeyedHash,
  NONE,
  roomFor,
} from "./typed_arrays.ts";

/** Memory in bytes, as `bench/window_bytes.ts` measures it: of a key, and of any other text besides its characters. */
const KEY_COST = 54;
const TEXT_COST = 120;

/**
 * Interns texts. Keys, 64 hex digits, are kept as 32 bytes and have even numbers; any other text has an
 * odd one. A text stays as long as it is in use.
 */
export class Values {
  readonly #hash: KeyedHash;
  readonly #keys = new KeyColumn();
  #uses = new Uint32Array(roomFor(0));
  /** Places of keys that were used before and are free now. */
  readonly #free: number[] = [];
  #keyCount = 0;
  readonly #table: HashTable;
  /** The key that is looked for. */
  readonly #sought = new Uint8Array(KEY_BYTES);
  readonly #soughtWords = new Uint16Array(this.#sought.buffer);
  /** By {@link hashable} texts. */
  readonly #textPlaces = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #textUses: number[] = [];
  readonly #freeTexts: number[] = [];
  #textBytes = 0;

  constructor(hash: KeyedHash) {
    this.#hash = hash;
    this.#table = new HashTable((place) => hash.of(this.#keys.words, KEY_WORDS * place, KEY_WORDS));
  }

  /** The memory that the values take, bytes. */
  get bytes(): number {
    return KEY_COST * this.#keyCount + TEXT_COST * this.#texts.length + this.#textBytes;
  }

  /** How much of {@link bytes} is free to be used again. */
  get freeBytes(): number {
    return KEY_COST * this.#free.length + TEXT_COST * this.#freeTexts.length;
  }

  /** The number of a text; {@link NONE} if it is not here. */
  find(text: string): number {
    if (!isHex(text, KEY_DIGITS)) {
      const place = this.#textPlaces.get(hashable(text));
      return place === undefined ? NONE : 2 * place + 1;
    }
    this.#sought.setFromHex(text);
    return this.#findKey(this.#soughtWords, 0, this.#hash.of(this.#soughtWords, 0, KEY_WORDS));
  }

  /** The numbers of those of these texts that are here. */
  findAll(texts: ReadonlySet<string>): readonly number[] {
    const found: number[] = [];
    if (!(texts instanceof KeySet)) {
      for (const text of texts) found.push(this.find(text));
    } else {
      const words = new Uint16Array(texts.bytes.buffer);
      for (let from = 0; from < words.length; from += KEY_WORDS) {
        found.push(this.#findKey(words, from, this.#hash.of(words, from, KEY_WORDS)));
      }
    }
    return found.filter((value) => value !== NONE);
  }

  /** The number of a text, which is added if it is not here. It is not in use by that: see {@link use}. */
  intern(text: string): number {
    if (!isHex(text, KEY_DIGITS)) return this.#internText(text);
    this.#sought.setFromHex(text);
    const hash = this.#hash.of(this.#soughtWords, 0, KEY_WORDS);
    const known = this.#findKey(this.#soughtWords, 0, hash);
    return known === NONE ? this.#addKey(hash) : known;
  }

  /** Keeps a value until it is released as often. */
  use(value: number): void {
    if ((value & 1) === 0) this.#uses[value >>> 1]!++;
    else this.#textUses[value >>> 1]!++;
  }

  /** Ends a use. With the last one the value is gone. */
  release(value: number): void {
    const place = value >>> 1;
    if ((value & 1) === 0) {
      if (--this.#uses[place]! > 0) return;
      this.#table.delete(this.#hash.of(this.#keys.words, KEY_WORDS * place, KEY_WORDS), place);
      this.#free.push(place);
    } else if (--this.#textUses[place]! === 0) {
      const text = this.#texts[place]!;
      this.#textPlaces.delete(hashable(text));
      this.#textBytes -= memoryOf(text);
      this.#texts[place] = "";
      this.#freeTexts.push(place);
    }
  }

  /** The text of a number. */
  textOf(value: number): string {
    const place = value >>> 1;
    if ((value & 1) === 1) return this.#texts[place]!;
    return this.#keys.at(place).toHex();
  }

  /** The number of the key whose words begin at `from`, and which has this hash. */
  #findKey(words: Uint16Array, from: number, hash: number): number {
    const table = this.#table;
    for (let cell = table.start(hash);; cell = table.next(cell)) {
      const place = table.at(cell);
      if (place === NONE) return NONE;
      if (this.#keys.isAt(place, words, from)) return 2 * place;
    }
  }

  #addKey(hash: number): number {
    const place = this.#free.pop() ?? this.#keyCount++;
    if (place >= this.#uses.length) this.#grow();
    this.#keys.at(place).set(this.#sought);
    this.#table.add(hash, place);
    return 2 * place;
  }

  #grow(): void {
    const length = roomFor(this.#keyCount);
    this.#uses = grown(Uint32Array, this.#uses, length);
    this.#keys.grow(length);
  }

  #internText(text: string): number {
    const key = hashable(text);
    let place = this.#textPlaces.get(key);
    if (place === undefined) {
      place = this.#freeTexts.pop() ?? this.#texts.length;
      this.#textPlaces.set(key, place);
      this.#texts[place] = text;
      this.#textUses[place] = 0;
      this.#textBytes += memoryOf(text);
    }
    return 2 * place + 1;
  }
}

const [HASH_SIGN, ZERO, NINE] = [0x23, 0x30, 0x39];

/**
 * The text as a key of a Map: with a prefix where it begins with a digit, and where it begins with that
 * prefix. The engine hashes other texts with a secret seed, but those that are array indices by their value,
 * so that anybody could choose thousands that collide.
 */
function hashable(text: string): string {
  const first = text.charCodeAt(0);
  return first === HASH_SIGN || (first >= ZERO && first <= NINE) ? `#${text}` : text;
}

/** The memory of a text's characters, bytes. */
function memoryOf(text: string): number {
  // deno-lint-ignore no-control-regex -- the range of Latin-1, which the engine stores in one byte each
  return /^[\x00-\xff]*$/.test(text) ? text.length : 2 * text.length;
}
