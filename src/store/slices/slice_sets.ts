/**
 * The sets of events of which slices are kept.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { plainArray } from "../database/array_literal.ts";
import type { QueryOptions } from "../event_store.ts";
import { authorFingerprint } from "../fingerprint.ts";

/** Which events a set has. */
export type SetFilter = Pick<ReqFilter, "kinds" | "authors">;

/** A row of `slice_sets`. Arrays are literals; null is undefined. */
export interface SliceSetRow {
  readonly definition: string;
  readonly kinds: string | undefined;
  readonly authors: string | undefined;
  readonly hidden: string;
}

/** The set of the events of a filter that everybody may read. */
export function sliceSetRow(
  filter: SetFilter,
  privateKinds: ReadonlySet<number>,
  hashText: HashText,
): SliceSetRow {
  const { kinds, authors } = filter;
  return {
    definition: definitionOf(filter, privateKinds),
    kinds: kinds && plainArray([...kinds]),
    authors: authors && plainArray([...authors].map((key) => authorFingerprint(key, hashText))),
    hidden: plainArray(hiddenKinds(filter, privateKinds)),
  };
}

/**
 * The definition of the set that is what a reader may see of a filter, times aside; undefined where that
 * can be none, because it depends on more.
 */
export function definitionFor(
  filter: ReqFilter,
  { reader, includesBanned = false }: QueryOptions,
): string | undefined {
  const { ids, tags, allTags, search, limit, kinds, authors } = filter;
  const isMore = [ids, allTags, search, limit].some((each) => each !== undefined);
  if (isMore || tags.size > 0 || includesBanned) return undefined;
  const plain = { ...kinds && { kinds }, ...authors && { authors } };
  const privateKinds = reader?.privateKinds ?? new Set<number>();
  const seesMore = reader !== undefined && reader.keys.size > 0 &&
    hiddenKinds(plain, privateKinds).length > 0;
  return seesMore ? undefined : definitionOf(plain, privateKinds);
}

function definitionOf(filter: SetFilter, privateKinds: ReadonlySet<number>): string {
  const { kinds, authors } = filter;
  return JSON.stringify({
    ...kinds && { kinds: ascending(kinds) },
    ...authors && { authors: [...authors].sort() },
    hidden: hiddenKinds(filter, privateKinds),
  });
}

/** The private ones of the kinds that are asked for. */
function hiddenKinds({ kinds }: SetFilter, privateKinds: ReadonlySet<number>): readonly number[] {
  return ascending(kinds === undefined ? privateKinds : privateKinds.intersection(kinds));
}

function ascending(numbers: ReadonlySet<number>): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}
