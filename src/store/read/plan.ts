/**
 * Chooses the index by which a filter is answered, and the ranges of it that are read.
 *
 * Every index ends in `created_at desc, head`, which is the order of answers. A filter that names
 * several values reads as many ranges of its index, one for each value: its *lanes*. Each lane is in
 * the order of the answer, so the newest of all lanes are found by reading a few rows of each and
 * never by reading all and sorting.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { isKey } from "../../nostr/hex.ts";
import { isCount } from "../../nostr/json.ts";
import { FOLLOW_LIST, PROFILE } from "../../nostr/kind.ts";
import { MAX_KIND } from "../../nostr/parse_event.ts";
import type { Reader } from "../../nostr/visibility.ts";
import { type FacetCondition, facetConditions } from "../search/facet.ts";
import { profileWord } from "../search/profile_word.ts";
import { authorFingerprint, type Fingerprint, idPrefixOf, tagFingerprint } from "../fingerprint.ts";

/**
 * The columns of each index before `created_at desc, head`, and the predicate of a partial index, which a
 * query has to repeat for Postgres to use it; see `migrations/`. Two indexes leave follow lists out,
 * which have most of all tags: a filter that is answered by one of these gets a second plan for follow
 * lists. The other predicates are true of all rows.
 */
export const INDEXES = {
  id: { table: "events", columns: ["head", "id"], predicate: [] },
  authorKind: { table: "events", columns: ["author", "kind"], predicate: ["hit.created_at >= 0"] },
  author: { table: "events", columns: ["author"], predicate: ["hit.kind >= 0"] },
  kind: { table: "events", columns: ["kind"], predicate: [] },
  time: { table: "events", columns: [], predicate: [] },
  tag: {
    table: "tags",
    columns: ["tag"],
    predicate: [`hit.kind <> ${FOLLOW_LIST}`, "hit.created_at >= 0"],
  },
  tagKind: { table: "tags", columns: ["tag", "kind"], predicate: ["hit.event > 0"] },
  tagAuthor: {
    table: "tags",
    columns: ["tag", "author"],
    predicate: [`hit.kind <> ${FOLLOW_LIST}`, "hit.kind >= 0"],
  },
} as const;

type IndexName = keyof typeof INDEXES;

/** The values of the columns that single out one lane: fingerprints, kinds, and ids as hex. */
export type Lane = readonly (string | number)[];

/** Values of one tag letter. */
export interface TagCondition {
  readonly values: readonly Fingerprint[];
  /** Whether an event must carry all of them, not just one. */
  readonly every?: boolean;
}

/** Events that the reader may not see: those of `kinds` that are neither by nor to one of its keys. */
export interface HiddenCondition {
  readonly kinds: readonly number[];
  /** The reader's keys as authors. */
  readonly authors: readonly Fingerprint[];
  /** The reader's keys as values of `p` tags. */
  readonly recipients: readonly Fingerprint[];
}

/** The conditions that the index does not decide: each row is checked for them. */
export interface Rest {
  readonly authors?: readonly Fingerprint[];
  readonly kinds?: readonly number[];
  readonly tags: readonly TagCondition[];
  readonly hidden?: HiddenCondition;
  /** Which of the operator's bans are looked up; absent where there is none. */
  readonly banned?: BannedLists;
}

/** Whom an answer is for, and when it is given. */
export interface Asking {
  /** See {@link Plan.nowS}. */
  readonly nowS?: number;
  /** Default: somebody who may see everything. */
  readonly reader?: Reader | undefined;
  /** Default: nothing is banned. */
  readonly banned?: BannedLists;
}

/** Which lists of bans have anything. */
export interface BannedLists {
  readonly keys: boolean;
  readonly events: boolean;
}

/** A way to answer a filter. */
export interface Plan {
  readonly index: IndexName;
  /** At least one. */
  readonly lanes: readonly Lane[];
  /** Whether one event may stand in several lanes. */
  readonly overlapping: boolean;
  readonly rest: Rest;
  /** Seconds since 1970, inclusive. */
  readonly since: number;
  /** Seconds since 1970, exclusive. */
  readonly before: number;
  /** The most events wanted; infinite when all are. */
  readonly limit: number;
  /** What has expired by then is left out, seconds since 1970; 0 or less when nothing is. */
  readonly nowS: number;
}

/**
 * How many lanes two lists of values may multiply to. Beyond, the second list is checked row by row.
 * Finding a lane takes a few microseconds.
 */
const MAX_LANES = 4_096;

/**
 * The plans whose answers together are a filter's, its search aside; none when nothing can match. Mostly
 * one: by ids, else tags, else authors × kinds, else authors, else kinds, else time. The limit is that of
 * the union too.
 *
 * @param hashText for fingerprints.
 *
 * @see NIP-01 "Communication between clients and relays"
 */
export function plansOf(
  filter: ReqFilter,
  hashText: HashText,
  asking: Asking = {},
): readonly Plan[] {
  const conditions = conditionsOf(filter, hashText, asking);
  const bounds = boundsOf(filter, asking.nowS ?? 0);
  if (bounds === undefined || conditions === undefined) return [];
  const { words: _, ...others } = conditions;
  return pathsOf(others).map((path) => ({ ...path, ...bounds }));
}

/** A way to answer a filter by its words. */
export interface WordPlan extends Plan {
  /** Each of which an event must have. */
  readonly words: readonly string[];
  /** What is looked up in the index: these words, or those that say the same of profiles alone. */
  readonly soughtWords: readonly string[];
  /** Of these events alone. */
  readonly ids?: readonly string[];
  /** What the index of words is asked for besides words; {@link Plan.rest} says the same and exactly. */
  readonly facets: readonly FacetCondition[];
}

/**
 * The way to answer a filter with a search; undefined when nothing can match.
 *
 * @param hashText for fingerprints.
 *
 * @see NIP-50
 */
export function wordPlanOf(
  filter: ReqFilter,
  hashText: HashText,
  asking: Asking = {},
): WordPlan | undefined {
  const conditions = conditionsOf(filter, hashText, asking);
  const bounds = boundsOf(filter, asking.nowS ?? 0);
  if (bounds === undefined || conditions === undefined) return undefined;
  const { ids, words = [], ...rest } = conditions;
  const { kinds, ...others } = rest;
  const isOfProfiles = kinds?.every((kind) => kind === PROFILE) ?? false;
  return {
    ...eventPath("time", [[]], rest),
    ...bounds,
    words,
    soughtWords: isOfProfiles ? words.map(profileWord) : words,
    facets: facetConditions(isOfProfiles ? others : rest),
    ...(ids && { ids }),
  };
}

/** Undefined when nothing is wanted, or from no time. */
function boundsOf(
  filter: ReqFilter,
  nowS: number,
): Pick<Plan, "since" | "before" | "limit" | "nowS"> | undefined {
  const since = Math.max(0, Math.ceil(filter.since ?? 0));
  const before = Math.min(END_OF_TIME, Math.floor(filter.until ?? END_OF_TIME - 1) + 1);
  const limit = filter.limit ?? Infinity;
  return limit <= 0 || since >= before ? undefined : { since, before, limit, nowS };
}

/** Later than every `created_at`: 2^53. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER + 1;

type Path = Pick<Plan, "index" | "lanes" | "overlapping" | "rest">;

/** A filter's conditions without what no event can have. */
interface Conditions extends Rest {
  readonly ids?: readonly string[];
  /** To be found, each of them. */
  readonly words?: readonly string[];
}

/** Undefined when nothing can match. */
function conditionsOf(
  filter: ReqFilter,
  hashText: HashText,
  { reader, banned }: Asking,
): Conditions | undefined {
  const ids = filter.ids && [...filter.ids].filter(isKey);
  const authors = filter.authors &&
    [...filter.authors].filter(isKey).map((pubkey) => authorFingerprint(pubkey, hashText));
  const kinds = filter.kinds && [...filter.kinds].filter((kind) => isCount(kind, MAX_KIND));
  const tags = [
    ...[...filter.tags].map((tag) => anyOf(tag, hashText)),
    ...[...(filter.allTags ?? [])].map((tag) => everyOf(tag, hashText)),
  ];
  const words = filter.search && [...filter.search];
  const lists = [ids, authors, kinds, words, ...tags.map(({ values }) => values)];
  if (lists.some((list) => list?.length === 0)) return undefined;
  const hidden = hiddenFrom(reader, filter.kinds, hashText);
  return {
    ...(ids && { ids }),
    ...(authors && { authors }),
    ...(kinds && { kinds }),
    ...(words && { words }),
    ...(hidden && { hidden }),
    ...(banned && (banned.keys || banned.events) && { banned }),
    tags,
  };
}

/** Undefined where nothing that is asked for can be hidden. */
function hiddenFrom(
  reader: Reader | undefined,
  asked: ReadonlySet<number> | undefined,
  hashText: HashText,
): HiddenCondition | undefined {
  if (reader === undefined) return undefined;
  const { privateKinds, keys } = reader;
  if (privateKinds.size === 0 || asked?.isDisjointFrom(privateKinds)) return undefined;
  return {
    kinds: [...privateKinds],
    authors: [...keys].map((key) => authorFingerprint(key, hashText)),
    recipients: [...keys].map((key) => tagFingerprint("p", key, hashText)!),
  };
}

/** Without the values that can be in no event. */
function anyOf(
  [letter, values]: readonly [string, ReadonlySet<string>],
  hashText: HashText,
): TagCondition {
  const wanted = [...values].map((value) => tagFingerprint(letter, value, hashText));
  return { values: wanted.filter((fingerprint) => fingerprint !== undefined) };
}

/** Without any value when one of them can be in no event. */
function everyOf(tag: readonly [string, ReadonlySet<string>], hashText: HashText): TagCondition {
  const { values } = anyOf(tag, hashText);
  if (values.length < tag[1].size) return { values: [] };
  return { values, ...(values.length > 1 && { every: true }) };
}

/** By ids where there are any, else by the tag with the fewest lanes, else by authors and kinds. */
function pathsOf({ ids, ...rest }: Omit<Conditions, "words">): readonly Path[] {
  if (ids !== undefined) return [eventPath("id", ids.map((id) => [idPrefixOf(id), id]), rest)];
  const [driver] = rest.tags.toSorted((a, b) => laneCount(a) - laneCount(b));
  if (driver === undefined) return [plainPath(rest)];
  // Where an event needs all values, the lane of any one of them holds every event that can match.
  return tagPaths(driver.every ? firstOf(driver) : driver, rest);
}

function laneCount({ every, values }: TagCondition): number {
  return every ? 1 : values.length;
}

function firstOf({ values }: TagCondition): TagCondition {
  return { values: values.slice(0, 1) };
}

/** Without ids and tags to go by. */
function plainPath({ authors, kinds, ...rest }: Rest): Path {
  if (authors !== undefined) {
    const both = kinds && pairs(authors, kinds);
    return both !== undefined
      ? eventPath("authorKind", both, rest)
      : eventPath("author", lanesOf(authors), { ...(kinds && { kinds }), ...rest });
  }
  return kinds !== undefined
    ? eventPath("kind", lanesOf(kinds), rest)
    : eventPath("time", [[]], rest);
}

function eventPath(index: IndexName, lanes: readonly Lane[], rest: Rest): Path {
  return { index, lanes, overlapping: false, rest };
}

/** By the values of one letter: by kind where kinds are named, else apart for follow lists. */
function tagPaths(driver: TagCondition, rest: Rest): readonly Path[] {
  const { authors, kinds, ...unnamed } = rest;
  const byKind = authors === undefined && kinds && pairs(driver.values, kinds);
  if (byKind) return [tagPath("tagKind", byKind, { driver, rest: unnamed })];
  const paths: Path[] = [];
  const others = kinds?.filter((kind) => kind !== FOLLOW_LIST);
  if (others?.length !== 0) {
    paths.push(otherPath(driver, { ...rest, ...(others && { kinds: others }) }));
  }
  if (kinds === undefined || kinds.includes(FOLLOW_LIST)) paths.push(followListPath(driver, rest));
  return paths;
}

/** All but follow lists. */
function otherPath(driver: TagCondition, rest: Rest): Path {
  const { authors, ...unauthored } = rest;
  const byAuthor = authors && pairs(driver.values, authors);
  return byAuthor !== undefined
    ? tagPath("tagAuthor", byAuthor, { driver, rest: unauthored })
    : tagPath("tag", lanesOf(driver.values), { driver, rest });
}

/** Follow lists only. An author has one, so that author's lane is as short as can be. */
function followListPath(driver: TagCondition, { authors, kinds: _, ...rest }: Rest): Path {
  if (authors !== undefined) {
    return eventPath("authorKind", authors.map((author) => [author, FOLLOW_LIST]), rest);
  }
  const lanes = driver.values.map((value) => [value, FOLLOW_LIST]);
  return tagPath("tagKind", lanes, { driver, rest });
}

function tagPath(
  index: IndexName,
  lanes: readonly Lane[],
  { driver, rest }: { readonly driver: TagCondition; readonly rest: Rest },
): Path {
  const tags = rest.tags.filter((tag) => tag !== driver);
  const overlapping = driver.values.length > 1;
  return { index, lanes, overlapping, rest: { ...rest, tags } };
}

function lanesOf(values: readonly (string | number)[]): readonly Lane[] {
  return values.map((value) => [value]);
}

/** The lanes of all pairs, unless they are too many. */
function pairs(
  first: readonly (string | number)[],
  second: readonly (string | number)[],
): readonly Lane[] | undefined {
  if (first.length * second.length > MAX_LANES) return undefined;
  return first.flatMap((a) => second.map((b) => [a, b]));
}
