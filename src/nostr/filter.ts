/**
 * The type of a filter.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

/**
 * A parsed filter. Lists are sets. An empty list matches nothing; an absent one is undefined and is
 * no condition.
 */
export interface ReqFilter {
  /** Ids, 64 lower-case hex digits. */
  readonly ids?: ReadonlySet<string>;
  /** Public keys, 64 lower-case hex digits. */
  readonly authors?: ReadonlySet<string>;
  /** Kinds, from 0 to 65535. */
  readonly kinds?: ReadonlySet<number>;
  /**
   * `#e` → values of which an `e` tag must have one, by the letter alone. Each letter must match.
   */
  readonly tags: ReadonlyMap<string, ReadonlySet<string>>;
  /** `&t` → values all of which `t` tags must have, by the letter alone. */
  readonly allTags?: ReadonlyMap<string, ReadonlySet<string>>;
  /**
   * Words that the event must all contain; an empty set matches nothing. Stored events are then
   * ordered by relevance, and `limit` keeps the most relevant. See `search.ts`.
   */
  readonly search?: ReadonlySet<string>;
  /** Seconds since 1970, inclusive. */
  readonly since?: number;
  /** Seconds since 1970, inclusive. */
  readonly until?: number;
  /** Most stored events to return, newest first. Live events are not counted. */
  readonly limit?: number;
}
