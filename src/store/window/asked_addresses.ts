/**
 * What the database has answered about replaceable events of single authors: profiles, follow lists, lists
 * of relays. Most of them are older than the horizon, everybody asks for them, and of many there are none.
 *
 * @module
 */

import { utf8Decode } from "../../base/bytes.ts";
import { expirationOf } from "../../nostr/expiration.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { kindClass } from "../../nostr/kind.ts";
import type { Reader } from "../../nostr/visibility.ts";
import type { StoredEvent } from "../event_store.ts";
import { readRecord } from "../feed/feed_statements.ts";

/** The most addresses that one question may be about. */
const MAX_ADDRESSES = 2_000;

/** Memory in bytes: of an author, of an address, and of an event besides its JSON. */
const AUTHOR_BYTES = 450;
const ADDRESS_BYTES = 40;
const EVENT_BYTES = 800;

/** How many stamps there are: one for three hex digits of a public key. */
const STAMPS = 4_096;

/** The event at an address. */
interface AskedEvent extends StoredEvent {
  /** Seconds since 1970; infinite for one that does not expire. */
  readonly expiresAtS: number;
}

/** What is known of an author: of a kind, the event, or undefined if there is none. */
interface Known {
  readonly byKind: Map<number, AskedEvent | undefined>;
  bytes: number;
}

/** The authors and kinds that a question is about. */
export interface Addresses {
  readonly authors: ReadonlySet<string>;
  readonly kinds: ReadonlySet<number>;
}

/**
 * The addresses that a filter asks for; undefined if it asks for anything but replaceable events, which
 * everybody may see, or for very many.
 */
export function addressesOf(filter: ReqFilter, reader: Reader | undefined): Addresses | undefined {
  const { ids, authors, kinds, tags, allTags, search } = filter;
  if (authors === undefined || kinds === undefined || ids !== undefined) return undefined;
  if (tags.size > 0 || allTags !== undefined || search !== undefined) return undefined;
  if (authors.size * kinds.size > MAX_ADDRESSES) return undefined;
  for (const kind of kinds) {
    if (kindClass(kind) !== "replaceable" || reader?.privateKinds.has(kind)) return undefined;
  }
  return { authors, kinds };
}

/**
 * Remembers what the database answered about addresses until something happens at one of them. What
 * happens while the database is being asked is noted by author: nothing is then learnt of that author.
 *
 * It has two generations. What is asked for again moves to the younger one; when that is full, the older
 * one is forgotten.
 */
export class AskedAddresses {
  readonly #maxYoungBytes: number;
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();
  #youngBytes = 0;
  /** Counts what happens. */
  #time = 0;
  /** When something last happened to any author of a stamp. */
  readonly #stamps = new Float64Array(STAMPS);
  #clearedAt = 0;

  constructor(maxBytes: number) {
    this.#maxYoungBytes = maxBytes / 2;
  }

  /** The event at an address; undefined if there is none, and `"unknown"` if that is not known. */
  get(pubkey: string, kind: number): AskedEvent | undefined | "unknown" {
    const known = this.#young.get(pubkey) ?? this.#promoted(pubkey);
    return known?.byKind.has(kind) ? known.byKind.get(kind) : "unknown";
  }

  /** Something has happened at an address. */
  forget(pubkey: string, kind: number): void {
    this.#stamp(pubkey);
    // What is left of the author in an older generation moves to the younger one, or goes.
    const known = this.#taken(pubkey);
    if (known === undefined || !known.byKind.has(kind)) return this.#keep(pubkey, known);
    known.bytes -= bytesOf(known.byKind.get(kind));
    known.byKind.delete(kind);
    if (known.byKind.size > 0) this.#keep(pubkey, known);
  }

  /** Something has happened to some event of an author. */
  forgetAuthor(pubkey: string): void {
    this.#stamp(pubkey);
    this.#taken(pubkey);
  }

  /** These events are gone. */
  forgetIds(ids: ReadonlySet<string>): void {
    this.#clearedAt = ++this.#time;
    for (const generation of [this.#young, this.#old]) {
      for (const [pubkey, { byKind }] of generation) {
        const isAmongThem = byKind.values().some((event) => event && ids.has(event.id));
        if (isAmongThem) this.#taken(pubkey);
      }
    }
  }

  /** Anything may have happened. */
  clear(): void {
    this.#clearedAt = ++this.#time;
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
  }

  /**
   * Begins to learn from the answer to a question that is asked next.
   *
   * @param limit of the question; infinite without one
   * @param isLeftOut whether the question leaves an address out: there may be an event all the same
   */
  learn(
    { authors, kinds }: Addresses,
    limit: number,
    isLeftOut: (pubkey: string, kind: number) => boolean,
  ): Lesson {
    const begun = this.#time;
    const open = new Map<string, Set<number>>();
    for (const pubkey of authors) {
      const asked = [...kinds].filter((kind) => !isLeftOut(pubkey, kind));
      if (asked.length > 0) open.set(pubkey, new Set(asked));
    }
    return new Lesson(open, limit, (pubkey, kind, event) => {
      if (this.#clearedAt > begun || this.#stamps[stampOf(pubkey)]! > begun) return;
      this.#add(pubkey, kind, event);
    });
  }

  #add(pubkey: string, kind: number, event: AskedEvent | undefined): void {
    const known = this.#taken(pubkey) ?? { byKind: new Map(), bytes: AUTHOR_BYTES };
    if (known.byKind.has(kind)) known.bytes -= bytesOf(known.byKind.get(kind));
    known.byKind.set(kind, event);
    known.bytes += bytesOf(event);
    this.#keep(pubkey, known);
  }

  /** What the older generation knows of an author, moved to the younger one. */
  #promoted(pubkey: string): Known | undefined {
    if (!this.#old.has(pubkey)) return undefined;
    const known = this.#taken(pubkey);
    this.#keep(pubkey, known);
    return known;
  }

  /** What is known of an author, taken out. */
  #taken(pubkey: string): Known | undefined {
    const young = this.#young.get(pubkey);
    if (young !== undefined) {
      this.#young.delete(pubkey);
      this.#youngBytes -= young.bytes;
      return young;
    }
    const old = this.#old.get(pubkey);
    this.#old.delete(pubkey);
    return old;
  }

  #keep(pubkey: string, known: Known | undefined): void {
    if (known === undefined || known.bytes > this.#maxYoungBytes) return;
    if (this.#youngBytes + known.bytes > this.#maxYoungBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(pubkey, known);
    this.#youngBytes += known.bytes;
  }

  #stamp(pubkey: string): void {
    this.#stamps[stampOf(pubkey)] = ++this.#time;
  }
}

/** Keeps what was learnt of an address. */
type Remember = (pubkey: string, kind: number, event: AskedEvent | undefined) => void;

/** How a stored event begins: up to its kind it has no text of its author's choice. */
const HEAD = /^\{"id":"[0-9a-f]{64}","pubkey":"([0-9a-f]{64})","created_at":\d+,"kind":(\d+),/;

/** Learns from one answer of the database: at once what there is, and at the end what there is not. */
export class Lesson {
  /** By author, the kinds of which nothing has come yet. */
  readonly #open: Map<string, Set<number>>;
  readonly #limit: number;
  readonly #remember: Remember;
  #count = 0;
  #isSpoilt = false;

  /** `open` has the kinds that are asked for, by author. */
  constructor(open: Map<string, Set<number>>, limit: number, remember: Remember) {
    this.#open = open;
    this.#limit = limit;
    this.#remember = remember;
  }

  /** Takes a piece of the answer. */
  take(rows: readonly StoredEvent[]): void {
    for (const row of rows) {
      this.#count++;
      const text = utf8Decode(row.json) ?? "";
      const [, pubkey, kind] = HEAD.exec(text) ?? [];
      if (pubkey === undefined) return this.spoil();
      this.#open.get(pubkey)?.delete(Number(kind));
      const event = text.includes("expiration") ? readRecord(row.json)?.event : undefined;
      const expiresAtS = (event && expirationOf(event)) ?? Infinity;
      // A copy, because the bytes may be part of all that the database sent.
      const { seq, id, createdAt } = row;
      const json = row.json.slice();
      this.#remember(pubkey, Number(kind), { seq, id, createdAt, json, expiresAtS });
    }
  }

  /** The answer lacks something. */
  spoil(): void {
    this.#isSpoilt = true;
  }

  /** The answer has ended. An address of which nothing came is empty. */
  end(): void {
    if (this.#isSpoilt || this.#count >= this.#limit) return;
    for (const [pubkey, kinds] of this.#open) {
      for (const kind of kinds) this.#remember(pubkey, kind, undefined);
    }
  }
}

function bytesOf(event: AskedEvent | undefined): number {
  return event === undefined ? ADDRESS_BYTES : ADDRESS_BYTES + EVENT_BYTES + event.json.length;
}

function stampOf(pubkey: string): number {
  return Number.parseInt(pubkey.slice(-3), 16);
}
