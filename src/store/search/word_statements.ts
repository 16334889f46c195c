/**
 * The statements that write the search words of events.
 *
 * @see NIP-50
 * @module
 */

import { utf8Decode } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { PROFILE } from "../../nostr/kind.ts";
import type { HashText } from "../../nostr/event_id.ts";
import { parseJson } from "../../nostr/json.ts";
import { parseEvent } from "../../nostr/parse_event.ts";
import { eventWords } from "../../nostr/search.ts";
import { byteaArray, plainArray } from "../database/array_literal.ts";
import type { Statement } from "../database/database.ts";
import { eventFacets } from "./facet.ts";
import { profileWord } from "./profile_word.ts";

/** An event and the key of its row. */
export interface KeyedEvent {
  /** `events.key`. */
  readonly key: number;
  readonly event: NostrEvent;
}

/**
 * Inserts the words of events that were just written, in the same transaction. An event without
 * words gets a row too, to show that it has been indexed.
 *
 * @param hashText see {@link eventFacets}.
 *
 * @see NIP-50
 */
export function insertWords(rows: readonly KeyedEvent[], hashText: HashText): Statement<void> {
  return {
    text: `insert into event_words (event, created_at, words, facets)
select key, created_at, words::tsvector, facets::int8[]
from unnest(${ARRAYS}) as new (key, created_at, words, facets)
on conflict (event) do update
set created_at = excluded.created_at, words = excluded.words, facets = excluded.facets`,
    parameters: rowArrays(rows, hashText),
    read: () => {},
  };
}

const ARRAYS = "$1::int8[], $2::int8[], $3::text[], $4::text[]";

/**
 * The facets of each row are one text, because Postgres has no arrays of arrays of different
 * lengths.
 */
function rowArrays(rows: readonly KeyedEvent[], hashText: HashText): readonly string[] {
  return [
    plainArray(rows.map(({ key }) => key)),
    plainArray(rows.map(({ event }) => event.created_at)),
    vectorArray(rows),
    `{${rows.map(({ event }) => `"${plainArray(eventFacets(event, hashText))}"`).join(",")}}`,
  ];
}

/** A row of `events` that was read. */
interface LookedAt {
  readonly key: number;
  /** Its event when its words are missing. */
  readonly event: NostrEvent | undefined;
}

/** The next rows after `after`, with the events that have no words yet. */
export function selectWordless(
  after: number,
  { kinds, rows }: { readonly kinds: Iterable<number>; readonly rows: number },
): Statement<LookedAt> {
  return {
    text: `select key, case when kind = any($3::int4[])
    and (select true from event_words where event_words.event = events.key) is null
  then raw else '' end
from events where key > $1::int8 order by key limit $2::int8`,
    parameters: [after, rows, plainArray([...kinds])],
    read: (cells) => ({ key: cells.integer(0), event: eventOf(cells.utf8(1)) }),
  };
}

/**
 * Inserts words that were missing. Does not overwrite: a row that has words by now keeps them, and
 * one that holds another version by now gets none.
 *
 * @param hashText see {@link eventFacets}.
 */
export function insertMissingWords(
  rows: readonly KeyedEvent[],
  hashText: HashText,
): Statement<void> {
  return {
    text: `insert into event_words (event, created_at, words, facets)
select new.key, new.created_at, new.words::tsvector, new.facets::int8[]
from unnest(${ARRAYS}, $5::bytea[]) as new (key, created_at, words, facets, id)
join events on events.key = new.key and events.id = new.id
on conflict do nothing`,
    parameters: [...rowArrays(rows, hashText), byteaArray(rows.map(({ event }) => event.id))],
    read: () => {},
  };
}

function eventOf(json: Uint8Array): NostrEvent | undefined {
  const event = json.length === 0 ? undefined : parseEvent(parseJson(utf8Decode(json) ?? ""));
  return event === undefined || "reason" in event ? undefined : event;
}

/**
 * Words contain neither quotes nor backslashes, so nothing needs escaping in a `tsvector` or in the
 * array.
 */
function vectorArray(rows: readonly KeyedEvent[]): string {
  return `{${rows.map(({ event }) => `"${vectorOf(event)}"`).join(",")}}`;
}

/** Each word with its positions, counted from 1; those of a profile also as {@link profileWord}. */
function vectorOf(event: NostrEvent): string {
  const { heading, body } = eventWords(event);
  const places = new Map<string, string>();
  let place = 0;
  const add = (word: string, weight: string) => {
    const before = places.get(word);
    const here = `${++place}${weight}`;
    places.set(word, before === undefined ? here : `${before},${here}`);
  };
  for (const word of heading) add(word, "A");
  for (const word of body) add(word, "");
  const words = [...places].map(([word, list]) => `'${word}':${list}`);
  if (event.kind !== PROFILE) return words.join(" ");
  return [...words, ...[...places.keys()].map((word) => `'${profileWord(word)}'`)].join(" ");
}
