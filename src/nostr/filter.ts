/**
 * The filter: a standing question about events.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

/**
 * A filter as a parsed value. Lists are sets: what was sent twice is asked once. A list that was sent
 * empty is an empty set, and nothing is in an empty set; a list that was not sent is undefined and
 * asks for nothing in particular.
 */
export interface ReqFilter {
  /** Ids, 64 lower-case hex digits. */
  readonly ids?: ReadonlySet<string>;
  /** Public keys, 64 lower-case hex digits. */
  readonly authors?: ReadonlySet<string>;
  /** Kinds, from 0 to 65535. */
  readonly kinds?: ReadonlySet<number>;
  /** `#e` → wanted first values of `e` tags, by the letter alone. Each letter must be met. */
  readonly tags: ReadonlyMap<string, ReadonlySet<string>>;
  /** `&t` → wanted values of `t` tags, by the letter alone, each of which the event must carry. */
  readonly allTags?: ReadonlyMap<string, ReadonlySet<string>>;
  /**
   * Words, each of which must be found in the event; none is found in an empty set. Stored events then
   * come in the order of their relevance, and `limit` keeps the best. See `search.ts`.
   */
  readonly search?: ReadonlySet<string>;
  /** Seconds since 1970, inclusive. */
  readonly since?: number;
  /** Seconds since 1970, inclusive. */
  readonly until?: number;
  /** The most stored events wanted, newest first. Live events do not count. */
  readonly limit?: number;
}
