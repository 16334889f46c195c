/**
 * From a filter to the way through the indexes that answers it.
 *
 * Every index ends in `created_at desc, id`. A filter that names several values has as many stretches of
 * its index to read, one for each: its *lanes*. Each lane is in the order of the answer, so the newest
 * of all lanes are found by reading a few rows of each and never by reading all and sorting.
 *
 * @module
 */

import type { Sha256 } from "../nostr/event_id.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { isHex, KEY_DIGITS } from "../nostr/hex.ts";
import { tagValueHex } from "./tag_value.ts";

/** What an index is on, before `created_at desc, id`. */
export const INDEXES = {
  id: { table: "events", columns: ["id"] },
  authorKind: { table: "events", columns: ["pubkey", "kind"] },
  author: { table: "events", columns: ["pubkey"] },
  kind: { table: "events", columns: ["kind"] },
  time: { table: "events", columns: [] },
  tag: { table: "tags", columns: ["value"] },
  tagKind: { table: "tags", columns: ["value", "kind"] },
  tagAuthor: { table: "tags", columns: ["value", "pubkey"] },
} as const;

/** The name of an index. */
export type IndexName = keyof typeof INDEXES;

/** The values of the index's columns that single out one lane; bytes as hex. */
export type Lane = readonly (string | number)[];

/** Values of one tag letter, as {@link tagValueHex} writes them. */
export interface TagCondition {
  readonly letter: string;
  readonly values: readonly string[];
}

/** What the index does not decide and each row is checked for. */
export interface Rest {
  readonly authors?: readonly string[];
  readonly kinds?: readonly number[];
  readonly tags: readonly TagCondition[];
}

/** A way to answer a filter. */
export interface Plan {
  readonly index: IndexName;
  /** The letter, when the index is one of tags. */
  readonly letter?: string;
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
}

/**
 * How many lanes two lists of values may multiply to. Beyond, the second list is checked row by row.
 * Finding a lane takes a few microseconds.
 */
const MAX_LANES = 4_096;

/**
 * The plan for a filter; undefined when nothing can match. It takes ids, else tags, else authors ×
 * kinds, else authors, else kinds, else time.
 *
 * @param sha256 writes long tag values, see {@link tagValueHex}.
 *
 * @see NIP-01 "Communication between clients and relays"
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { planOf } from "./plan.ts";
 *
 * const plan = planOf({ kinds: new Set([1, 6]), tags: new Map(), limit: 20 }, sha256);
 * equal(plan?.index, "kind");
 * deepEqual(plan?.lanes, [[1], [6]]);
 * equal(planOf({ ids: new Set(), tags: new Map() }, sha256), undefined);
 * ```
 */
export function planOf(filter: ReqFilter, sha256: Sha256): Plan | undefined {
  const conditions = conditionsOf(filter, sha256);
  const since = Math.max(0, Math.ceil(filter.since ?? 0));
  const before = Math.min(END_OF_TIME, Math.floor(filter.until ?? END_OF_TIME - 1) + 1);
  const limit = filter.limit ?? Infinity;
  if (limit <= 0 || since >= before || conditions === undefined) return undefined;
  return { ...pathOf(conditions), since, before, limit };
}

/** Later than every `created_at`: 2^53. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER + 1;

type Path = Pick<Plan, "index" | "letter" | "lanes" | "overlapping" | "rest">;

/** A filter's lists without what no event can have. */
interface Conditions extends Rest {
  readonly ids?: readonly string[];
}

/** Undefined when one of the lists has nothing left in it. */
function conditionsOf(filter: ReqFilter, sha256: Sha256): Conditions | undefined {
  const ids = filter.ids && [...filter.ids].filter(isKey);
  const authors = filter.authors && [...filter.authors].filter(isKey);
  const kinds = filter.kinds && [...filter.kinds].filter(isKind);
  const tags = [...filter.tags].map(([letter, values]) => ({
    letter,
    values: [...values].map((value) => tagValueHex(value, sha256)).filter((hex) =>
      hex !== undefined
    ),
  }));
  const lists = [ids, authors, kinds, ...tags.map(({ values }) => values)];
  if (lists.some((list) => list?.length === 0)) return undefined;
  return { ...(ids && { ids }), ...(authors && { authors }), ...(kinds && { kinds }), tags };
}

function isKey(text: string): boolean {
  return isHex(text, KEY_DIGITS);
}

function isKind(kind: number): boolean {
  return Number.isInteger(kind) && kind >= 0 && kind <= 65_535;
}

function pathOf({ ids, ...rest }: Conditions): Path {
  if (ids !== undefined) return eventPath("id", lanesOf(ids), rest);
  const driver = rest.tags.toSorted((a, b) => a.values.length - b.values.length)[0];
  if (driver !== undefined) return tagPath(driver, rest);
  const { authors, kinds, tags } = rest;
  if (authors !== undefined) {
    if (kinds === undefined) return eventPath("author", lanesOf(authors), { tags });
    const both = crossed(authors, kinds);
    return both !== undefined
      ? eventPath("authorKind", both, { tags })
      : eventPath("author", lanesOf(authors), { kinds, tags });
  }
  if (kinds !== undefined) return eventPath("kind", lanesOf(kinds), { tags });
  return eventPath("time", [[]], { tags });
}

function eventPath(index: IndexName, lanes: readonly Lane[], rest: Rest): Path {
  return { index, lanes, overlapping: false, rest };
}

/** By the values of one letter, crossed with the authors, else with the kinds. */
function tagPath(driver: TagCondition, { authors, kinds, tags }: Rest): Path {
  const { letter, values } = driver;
  const path = { letter, overlapping: values.length > 1 };
  const others = tags.filter((tag) => tag !== driver);
  const byAuthor = authors && crossed(values, authors);
  if (byAuthor !== undefined) {
    const rest = { ...(kinds && { kinds }), tags: others };
    return { ...path, index: "tagAuthor", lanes: byAuthor, rest };
  }
  const checked = { ...(authors && { authors }), tags: others };
  const byKind = kinds && crossed(values, kinds);
  if (byKind !== undefined) return { ...path, index: "tagKind", lanes: byKind, rest: checked };
  const rest = { ...checked, ...(kinds && { kinds }) };
  return { ...path, index: "tag", lanes: lanesOf(values), rest };
}

function lanesOf(values: readonly (string | number)[]): readonly Lane[] {
  return values.map((value) => [value]);
}

/** Each with each, unless that is too many. */
function crossed(
  first: readonly (string | number)[],
  second: readonly (string | number)[],
): readonly Lane[] | undefined {
  if (first.length * second.length > MAX_LANES) return undefined;
  return first.flatMap((a) => second.map((b) => [a, b]));
}
