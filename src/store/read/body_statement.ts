/**
 * The JSON of events, as far as there is room for it.
 *
 * Whoever asks for rows cannot know how long their JSON is, so a statement gives only what is short, and
 * of the rest the length. That is then fetched by id, as much at a time as there is room for.
 *
 * @module
 */

import { plainArray } from "../database/array_literal.ts";
import type { Statement } from "../database/database.ts";
import type { StoredEvent } from "../event_store.ts";
import { idPrefixOf } from "../fingerprint.ts";

/** An event that was found, with its JSON if that is short. Its JSON may be taken from it. */
export interface FoundEvent extends StoredEvent {
  json: Uint8Array;
  /** The length of the JSON where it is not here; 0 or absent where it is. */
  absentBytes?: number;
}

/** Longer than any JSON that a row can have: a `text` ends at 1 GiB. */
export const ANY_LENGTH = 2 ** 31 - 1;

/** Neither the JSON nor its length comes along: nothing but ids and times is wanted. */
export const NO_BODY = -1;

/**
 * Two columns: the JSON or nothing, and its length where it is nothing. The length of what is stored
 * apart is known without reading it.
 *
 * @param raw the column of JSON.
 * @param most the longest JSON that comes along, bytes.
 */
export function bodyColumns(raw: string, most: string): string {
  const isShort = `octet_length(${raw}) <= ${most}::int4`;
  return `case when ${isShort} then ${raw} else '' end,
  case when ${isShort} then 0 else octet_length(${raw}) end`;
}

/** The JSON of one event. */
export interface Body {
  readonly id: string;
  readonly json: Uint8Array;
}

/** The JSON of those of these events that are there, in any order. */
export function bodiesStatement(ids: readonly string[]): Statement<Body> {
  return {
    text: `select events.id, events.raw from unnest($1::uuid[]) as wanted (head)
join events on events.head = wanted.head`,
    parameters: [plainArray(ids.map(idPrefixOf))],
    read: (cells) => ({ id: cells.hex(0), json: cells.utf8(1) }),
  };
}
