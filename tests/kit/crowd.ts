/**
 * Generates events one after another, for data sets that do not fit into memory.
 *
 * The mix is that of a public relay: few authors write most events; notes, replies, reactions,
 * reposts, follow lists of hundreds, gift wraps, articles, with few common words. Each season has a
 * word, a pair of characters and an author that occur in no other season, so that some queries have
 * the same number of results in a larger database. Ids are correct; signatures are not.
 *
 * @module
 */

import type { NostrEvent, Tag } from "../../src/nostr/event.ts";
import { sha256OfText } from "../../src/app/system/sha256.ts";
import { eventId } from "../../src/nostr/event_id.ts";
import type { SeededRandom } from "./seeded_random.ts";

/** The sizes of the data set. */
export interface CrowdOptions {
  readonly authors: number;
  /** `created_at` of the first event, seconds since 1970. */
  readonly startTime: number;
  /** Events per second. */
  readonly eventsPerSecond: number;
}

/** How far back replies and reactions refer, events. */
export const MEMORY = 5_000;

const TOPICS = ["nostr", "bitcoin", "art", "music", "dinosaurs", "deno", "food", "photography"];

/** The length of a season, events. */
const SEASON = 10_000;

/** Words are identified by number; lower ones are more common. */
const VOCABULARY = 60_000;

/** The range of characters for text without spaces. */
const HAN = { first: 0x4e00, count: 2_000 };

/** The first of the characters that are specific to a season; each has two. */
const FIRST_OF_SEASONS = 0x6000;

const FAKE_SIGNATURE = "0".repeat(128);

/** What occurs in one season only. */
export interface Fad {
  readonly word: string;
  /** Two characters. */
  readonly unparted: string;
  /** The public key of an author who also is followed. */
  readonly guest: string;
}

/** What is specific to a season, counted from 0. */
export function fadOf(season: number): Fad {
  const [first, second] = [2 * season, 2 * season + 1].map((each) => FIRST_OF_SEASONS + each);
  return {
    word: `fad${season}`,
    unparted: String.fromCodePoint(first!, second!),
    guest: sha256OfText(`guest ${season}`),
  };
}

/** Generates events without end. Authors are numbered by how much they write: 0 writes most. */
export class Crowd {
  readonly authors: readonly string[];
  readonly #random: SeededRandom;
  readonly #options: CrowdOptions;
  readonly #recent: NostrEvent[] = [];
  #written = 0;

  constructor(random: SeededRandom, options: CrowdOptions) {
    this.#random = random;
    this.#options = options;
    this.authors = Array.from({ length: options.authors }, () => random.bytes(32).toHex());
  }

  next(): NostrEvent {
    const pubkey = this.#random.chance(0.002) ? this.#fad().guest : this.#somebody();
    const { startTime, eventsPerSecond } = this.#options;
    const created_at = startTime + Math.floor(this.#written / eventsPerSecond);
    const { kind, tags, content } = this.#body();
    const unsigned = { pubkey, created_at, kind, tags, content };
    const id = eventId(unsigned, { hashText: sha256OfText });
    const event = { id, ...unsigned, sig: FAKE_SIGNATURE };
    this.#recent[this.#written % MEMORY] = event;
    this.#written++;
    return event;
  }

  #body(): { kind: number; tags: Tag[]; content: string } {
    const draw = this.#random.int(1_000);
    const salt = `${this.#written}`;
    if (draw < 300) return { kind: 1, tags: this.#topics(), content: this.#text(salt) };
    if (draw < 550) return { kind: 1, tags: this.#mention(), content: this.#text(salt) };
    if (draw < 800) return { kind: 7, tags: this.#mention(), content: "+" };
    if (draw < 850) return { kind: 6, tags: this.#mention(), content: salt };
    if (draw < 930) {
      return { kind: 1059, tags: [["p", this.#somebody()]], content: this.#text(salt) };
    }
    if (draw < 950) return { kind: 0, tags: [], content: this.#profile(salt) };
    if (draw < 955) return { kind: 3, tags: this.#follows(), content: "" };
    if (draw < 985) return { kind: 9735, tags: this.#mention(), content: salt };
    const d = ["d", `article ${this.#random.int(50)}`];
    return { kind: 30023, tags: [d, ...this.#topics()], content: this.#text(salt) };
  }

  #somebody(): string {
    return this.authors[this.#random.skewed(this.authors.length)]!;
  }

  #topics(): Tag[] {
    if (!this.#random.chance(0.3)) return [];
    return Array.from(
      { length: this.#random.between(1, 3) },
      () => ["t", TOPICS[this.#random.skewed(TOPICS.length)]!],
    );
  }

  #mention(): Tag[] {
    const known = Math.min(this.#written, MEMORY);
    if (known === 0) return [];
    const target = this.#recent[this.#random.int(known)]!;
    return [["e", target.id, "", "reply"], ["p", target.pubkey]];
  }

  #follows(): Tag[] {
    const guest = this.#random.chance(0.1) ? [this.#fad().guest] : [];
    const others = Array.from({ length: this.#random.between(50, 500) }, () => this.#somebody());
    return [...guest, ...others].map((pubkey) => ["p", pubkey]);
  }

  #profile(salt: string): string {
    return JSON.stringify({ name: `${this.#word()} ${salt}`, about: this.#text(salt) });
  }

  #text(salt: string): string {
    if (this.#random.chance(0.05)) return this.#unparted(this.#random.between(5, 60));
    const words = Array.from({ length: this.#random.between(5, 50) }, () => this.#word());
    if (this.#random.chance(0.002)) words.push(this.#fad().word);
    return `${salt} ${words.join(" ")}`;
  }

  #word(): string {
    return `word${this.#frequent(VOCABULARY)}`;
  }

  #unparted(length: number): string {
    const characters = Array.from(
      { length },
      () => String.fromCodePoint(HAN.first + this.#frequent(HAN.count)),
    );
    if (this.#random.chance(0.02)) characters.push(this.#fad().unparted);
    return characters.join("");
  }

  #fad(): Fad {
    return fadOf(Math.floor(this.#written / SEASON));
  }

  /** A number from 0 to `below` - 1, where the nth is about as frequent as 1/n. */
  #frequent(below: number): number {
    return Math.floor(below ** this.#random.fraction()) - 1;
  }
}
