/**
 * The statements that write the words by which events are found.
 *
 * @see NIP-50
 * @module
 */

import { utf8Decode } from "../base/bytes.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { parseJson } from "../nostr/json.ts";
import { parseEvent } from "../nostr/parse_event.ts";
import { eventWords } from "../nostr/search.ts";
import { byteaArray, plainArray } from "./array_literal.ts";
import type { Statement } from "./database.ts";

/** An event and the row that it is in. */
export interface KeyedEvent {
  /** `events.key`. */
  readonly key: number;
  readonly event: NostrEvent;
}

/**
 * Writes the words of events that were just written, in the same transaction. An event without words gets
 * a row too: it says that nothing was forgotten.
 *
 * @see NIP-50
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { insertWords } from "./word_statements.ts";
 *
 * const event = { id: "", pubkey: "", created_at: 0, kind: 1, tags: [], content: "Hi, hi", sig: "" };
 * deepEqual(insertWords([{ key: 7, event }]).parameters, ["{7}", `{"'hi':1,2"}`]);
 * ```
 */
export function insertWords(rows: readonly KeyedEvent[]): Statement<void> {
  return {
    text: `insert into event_words (event, words)
select key, words::tsvector from unnest($1::int8[], $2::text[]) as new (key, words)
on conflict (event) do update set words = excluded.words`,
    parameters: [plainArray(rows.map(({ key }) => key)), vectorArray(rows)],
    read: () => {},
  };
}

/** A row of `events` that was looked at. */
export interface LookedAt {
  readonly key: number;
  /** Its event when its words are missing. */
  readonly event: NostrEvent | undefined;
}

/**
 * The next rows behind `after`, with the events among them whose words are missing.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { selectWordless } from "./word_statements.ts";
 *
 * deepEqual(selectWordless(0, { kinds: [0, 1], rows: 100 }).parameters, [0, 100, "{0,1}"]);
 * ```
 */
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
 * Writes words that were missing. Whoever was faster wins: a row that has words by now keeps them, and
 * one that holds another version by now gets none.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { insertMissingWords } from "./word_statements.ts";
 *
 * equal(insertMissingWords([]).parameters[0], "{}");
 * ```
 */
export function insertMissingWords(rows: readonly KeyedEvent[]): Statement<void> {
  return {
    text: `insert into event_words (event, words)
select new.key, new.words::tsvector
from unnest($1::int8[], $2::text[], $3::bytea[]) as new (key, words, id)
join events on events.key = new.key and events.id = new.id
on conflict do nothing`,
    parameters: [
      plainArray(rows.map(({ key }) => key)),
      vectorArray(rows),
      byteaArray(rows.map(({ event }) => event.id)),
    ],
    read: () => {},
  };
}

function eventOf(json: Uint8Array): NostrEvent | undefined {
  const event = json.length === 0 ? undefined : parseEvent(parseJson(utf8Decode(json) ?? ""));
  return event === undefined || "reason" in event ? undefined : event;
}

/** Words hold neither quotes nor backslashes: nothing in a vector needs an escape, nor in the array. */
function vectorArray(rows: readonly KeyedEvent[]): string {
  return `{${rows.map(({ event }) => `"${vectorOf(event)}"`).join(",")}}`;
}

/** Each word with its places, counted from 1. */
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
  return [...places].map(([word, list]) => `'${word}':${list}`).join(" ");
}
