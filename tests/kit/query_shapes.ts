/**
 * Typical query shapes, each with a bound on its cost that is independent of the size of the
 * database.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { MIN_LOOKED_AT } from "../../src/store/search/search_walk.ts";
import type { SqlStore } from "../../src/store/sql_store.ts";
import { type Crowd, fadOf, MEMORY } from "./crowd.ts";

/** The limit of every filter. */
export const LIMIT = 50;

/** The most rows that a COUNT reads. */
const MAX_COUNT_ROWS = 5_000;

/** The same for rare values: all that 100,000 events contain. */
const MAX_FEW_COUNT_ROWS = 400;

/** What occurs in the first season only. */
const FAD = fadOf(0);

/** Values that occur at each size, of authors who write much and little. */
export interface Sample {
  readonly crowd: Crowd;
  /** Among the oldest that are stored. */
  readonly events: readonly NostrEvent[];
  /** The median `created_at`, seconds since 1970. */
  readonly middle: number;
}

/** One query shape. */
export interface Shape {
  readonly name: string;
  /** The most rows read, and the most sorted, see `explained.ts`. */
  readonly bound: number;
  /** Runs the query; returns the number of events, or the count. */
  readonly ask: (store: SqlStore) => Promise<number>;
}

type Filters = Readonly<Record<string, ReqFilter>>;

/** All shapes. */
export function shapesOf(sample: Sample): readonly Shape[] {
  const values = new Values(sample);
  const plain = { ...authorShapes(values), ...tagShapes(values), ...timeShapes(values) };
  return [
    ...query(plain, (filter) => 5 * (LIMIT + valuesIn(filter))),
    // The matches of the first value are filtered by the others; of popular values a fraction has
    // both.
    ...query(andTagShapes(values), () => 5 * AND_TAG_FACTOR * LIMIT),
    ...query(searchShapes(values), () => 5 * (MIN_LOOKED_AT + LIMIT)),
    ...count(countShapes(values), MAX_COUNT_ROWS),
    ...count(fewCountShapes(values), MAX_FEW_COUNT_ROWS),
  ];
}

/** One in this many events with one popular tag value has the other too. */
const AND_TAG_FACTOR = 8;

/** Chooses the values. */
class Values {
  readonly hot: string;
  readonly busy: readonly string[];
  readonly quiet: readonly string[];
  readonly article: NostrEvent;
  readonly ids: readonly string[];
  /** Notes that get no more replies. */
  readonly settled: readonly string[];
  readonly topEvent: string;
  readonly events: readonly NostrEvent[];
  readonly middle: number;

  constructor({ crowd: { authors }, events, middle }: Sample) {
    this.hot = authors[0]!;
    this.busy = authors.slice(0, 500);
    this.quiet = authors.slice(-500);
    this.article = events.findLast(({ kind }) => kind === 30023)!;
    this.ids = events.filter((_, place) => place % 97 === 0).slice(0, 50).map(({ id }) => id);
    this.settled = events.slice(-MEMORY - 200).slice(0, 100).map(({ id }) => id);
    this.topEvent = mostMentioned(events);
    this.events = events;
    this.middle = middle;
  }
}

function authorShapes({ hot, busy, quiet, ids }: Values): Filters {
  return {
    "50 ids": { ids: new Set(ids), ...noTags },
    "busy author": { ...authors(hot), ...noTags },
    "quiet author": { ...authors(FAD.guest), ...noTags },
    "busy author, kind 1": { ...authors(hot), ...kinds(1), ...noTags },
    "profile": { ...authors(hot), ...kinds(0), ...noTags },
    "feed of 500 busy authors": { ...authors(...busy), ...kinds(1), ...noTags },
    "feed of 500 quiet authors": { ...authors(...quiet), ...kinds(1), ...noTags },
    "feed of 500 busy authors, notes and reposts": {
      ...authors(...busy),
      ...kinds(1, 6),
      ...noTags,
    },
    "500 busy authors, any kind": { ...authors(...busy), ...noTags },
    "kind 1": { ...kinds(1), ...noTags },
    "kind 30023": { ...kinds(30023), ...noTags },
    "kinds 1, 6, 7, 9735": { ...kinds(1, 6, 7, 9735), ...noTags },
  };
}

function tagShapes({ hot, article, ids, settled, topEvent }: Values): Filters {
  return {
    "#e, popular": tag("e", topEvent),
    "#e, one note's reactions": { ...tag("e", ids[0]!), ...kinds(7) },
    "100 #e, reactions": { ...tag("e", ...settled), ...kinds(7) },
    "#p, popular": tag("p", hot),
    "#p, popular, gift wraps": { ...tag("p", hot), ...kinds(1059) },
    "#p, popular, zaps": { ...tag("p", hot), ...kinds(9735) },
    "#p, quiet": tag("p", FAD.guest),
    "#t, popular": tag("t", "nostr"),
    "#t, popular, articles": { ...tag("t", "nostr"), ...kinds(30023) },
    "#t, popular, busy author": { ...tag("t", "nostr"), ...authors(hot) },
    "address": {
      ...kinds(30023),
      ...authors(article.pubkey),
      ...tag("d", article.tags.find(([name]) => name === "d")![1]!),
    },
  };
}

function timeShapes({ middle }: Values): Filters {
  return {
    "newest": noTags,
    "time window": { ...noTags, since: middle - 100_000, until: middle },
    "deep page of kind 1": { ...kinds(1), ...noTags, until: middle },
  };
}

function andTagShapes({ hot }: Values): Filters {
  const all = (...values: string[]) => ({ ...noTags, allTags: new Map([["t", new Set(values)]]) });
  return {
    "&t, both popular": all("nostr", "bitcoin"),
    "&t, both popular, kind 1": { ...all("nostr", "bitcoin"), ...kinds(1) },
    "&t, popular and #t of two": { ...all("nostr"), ...tag("t", "bitcoin", "art") },
    "&t, busy author": { ...all("nostr", "bitcoin"), ...authors(hot) },
  };
}

function searchShapes({ hot, middle, events }: Values): Filters {
  const words = (...words: string[]) => ({
    ...noTags,
    search: new Set(words),
    kinds: SEARCHABLE_KINDS,
  });
  const rare = /^\d+/.exec(events.findLast(({ kind }) => kind === 1)!.content)?.[0] ?? "word50000";
  return {
    "search, one event's word": words(rare),
    "search, rare word": words(FAD.word),
    "search, middling word": words("word1000"),
    "search, frequent word": words("word100"),
    "search, common word": words("word0"),
    "search, two common words": words("word0", "word1"),
    "search, frequent and rare": words("word0", FAD.word),
    "search, no such word": words("nowhere"),
    "search, two characters": words(FAD.unparted),
    "search, one character": words("\u4e00"),
    "search, common word in profiles": { ...words("word0"), ...kinds(0) },
    "search, common word, busy author": { ...words("word0"), ...authors(hot) },
    "search, common word, quiet author": { ...words("word0"), ...authors(FAD.guest) },
    "search, common word, tag": { ...words("word0"), ...tag("t", "nostr") },
    "search, common word, since": { ...words("word0"), since: middle },
    "search, common word, time window": {
      ...words("word0"),
      since: middle - 1_000_000,
      until: middle,
    },
  };
}

function countShapes({ hot, ids, middle }: Values): Filters {
  return {
    "count of all": noTags,
    "count of kind 1": { ...kinds(1), ...noTags },
    "count of busy author": { ...authors(hot), ...noTags },
    "count of one note's reactions": { ...tag("e", ids[0]!), ...kinds(7) },
    "count of #t, popular": tag("t", "nostr"),
    "count of #t, popular, since": { ...tag("t", "nostr"), since: middle },
    "count of common word": { ...noTags, search: new Set(["word0"]), kinds: SEARCHABLE_KINDS },
  };
}

function fewCountShapes({ hot }: Values): Filters {
  return { [`count of followers, to ${MAX_FEW_COUNT_ROWS}`]: { ...tag("p", hot), ...kinds(3) } };
}

/** The kinds that are searched. */
export const SEARCHABLE_KINDS: ReadonlySet<number> = new Set([0, 1, 30023]);

const noTags = { tags: new Map() };

function tag(letter: string, ...values: string[]) {
  return { tags: new Map([[letter, new Set(values)]]) };
}

function kinds(...kinds: number[]) {
  return { kinds: new Set(kinds) };
}

function authors(...authors: readonly string[]) {
  return { authors: new Set(authors) };
}

function query(filters: Filters, bound: (filter: ReqFilter) => number): readonly Shape[] {
  return Object.entries(filters).map(([name, filter]) => ({
    name,
    bound: bound(filter),
    async ask(store) {
      let events = 0;
      for await (const chunk of store.query([{ ...filter, limit: LIMIT }])) events += chunk.length;
      return events;
    },
  }));
}

/** A COUNT reads what it counts, up to its bound; with words it reads as a search does. */
function count(filters: Filters, maxRows: number): readonly Shape[] {
  return Object.entries(filters).map(([name, filter]) => ({
    name,
    bound: (filter.search === undefined ? 2 : 5) * (maxRows + 1),
    ask: async (store) => (await store.count([filter], { maxRows })).count,
  }));
}

function mostMentioned(events: readonly NostrEvent[]): string {
  return mentionsOf("e", events).reduce((most, each) => each[1] > most[1] ? each : most)[0];
}

/** The values of tags of this name, and how often each occurs. */
function mentionsOf(letter: string, events: readonly NostrEvent[]): readonly [string, number][] {
  const counts = new Map<string, number>();
  for (const { tags } of events) {
    for (const [name, value] of tags) {
      if (name === letter) counts.set(value!, (counts.get(value!) ?? 0) + 1);
    }
  }
  return [...counts];
}

function valuesIn({ ids, authors, kinds, tags }: ReqFilter): number {
  const lists = [ids, authors, kinds, ...tags.values()];
  return lists.reduce((sum, list) => sum + (list?.size ?? 0), 0);
}
