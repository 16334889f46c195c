/**
 * What no index decides, as SQL: each row is checked for it in place.
 *
 * @module
 */

import { plainArray } from "../database/array_literal.ts";
import { Parameters } from "../database/parameters.ts";
import { type HiddenCondition, INDEXES, type Plan, type TagCondition } from "./plan.ts";

/** What is left to check of the row `hit`. */
export function restSql(
  { index, rest, nowS }: Pick<Plan, "index" | "rest" | "nowS">,
  parameters: Parameters,
): readonly string[] {
  const conditions: string[] = [];
  if (nowS > 0) conditions.push(hasNotExpired("hit.head", parameters.add(nowS)));
  if (rest.authors) {
    conditions.push(`hit.author = any(${parameters.add(plainArray(rest.authors))}::uuid[])`);
  }
  if (rest.kinds) {
    conditions.push(`hit.kind = any(${parameters.add(plainArray(rest.kinds))}::int4[])`);
  }
  const event = INDEXES[index].table === "events" ? "hit.key" : "hit.event";
  for (const tag of rest.tags) conditions.push(carriesTag(tag, { event, parameters }));
  if (rest.hidden) conditions.push(visibleSql(rest.hidden, { event, parameters }));
  if (rest.banned?.keys) conditions.push(notBanned("hit.author"));
  if (rest.banned?.events) conditions.push(notBanned("hit.head"));
  return conditions;
}

/** One look into the index of marks for each row: that costs the same however many bans there are. */
function notBanned(column: "hit.author" | "hit.head"): string {
  return `(select true from rules where rules.mark = ${column} limit 1) is null`;
}

/** The rule of `nostr/visibility.ts`: most events are of another kind, and nothing else is looked at. */
function visibleSql(
  { kinds, authors, recipients }: HiddenCondition,
  row: { readonly event: string; readonly parameters: Parameters },
): string {
  const { parameters } = row;
  const isPublic = `hit.kind <> all(${parameters.add(plainArray(kinds))}::int4[])`;
  if (authors.length === 0) return isPublic;
  const isAuthor = `hit.author = any(${parameters.add(plainArray(authors))}::uuid[])`;
  return `(${isPublic} or ${isAuthor} or ${carriesTag({ values: recipients }, row)})`;
}

/**
 * Whether the event carries one of the values, or every one. A few are looked up by the whole key of an
 * index; for many, the tags of the event are looked through. Each way is made such that Postgres can take
 * no other, which before version 18 would read all tags of the letter.
 */
function carriesTag(
  { values, every }: TagCondition,
  { event, parameters }: { readonly event: string; readonly parameters: Parameters },
): string {
  // Each value of an event stands in the table once.
  const found = every ? `count(*) = ${parameters.add(values.length)}::int8` : "true";
  const wanted = `unnest(${parameters.add(plainArray(values))}::uuid[])`;
  return values.length > FEW_VALUES
    ? `(select ${found} from (
          select tag from tags where tags.event = ${event} offset 0) as other
        where (other.tag in (select ${wanted})) is true limit 1)`
    : `(select ${found} from ${wanted} as wanted (tag)
        cross join lateral (select from tags as other
          where other.tag = wanted.tag and other.kind = hit.kind and other.event > 0
            and other.created_at = hit.created_at and other.head = hit.head limit 1) as carried limit 1)`;
}

/** So few look-ups cost no more than reading the tags of an event; of a follow list, which has thousands, much less. */
const FEW_VALUES = 4;

/**
 * What has expired and was not removed yet is a short list, mostly an empty one. Postgres makes it once
 * for each statement and looks each row up in it, by what every index ends with: the table is
 * not touched. The limit lets it know that the list fits in memory.
 *
 * @param column of the row `hit`: the head of the event, or its key under the name `event`.
 *
 * @see NIP-40
 */
export function hasNotExpired(column: "hit.head" | "hit.event", now: string): string {
  const named = column === "hit.head" ? "head" : "key";
  return `${column} not in (select expired.${named} from events as expired
        where expired.expires_at <= ${now}::int8 order by expired.expires_at limit ${MAX_EXPIRED})`;
}

/** How many expired events are hidden. They are removed within seconds, the oldest first. */
const MAX_EXPIRED = 10_000;
