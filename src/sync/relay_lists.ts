/**
 * Looks up where people write and where they are read, by the relay lists that are stored here.
 *
 * @see NIP-65
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { LruMap } from "../base/lru_map.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { EMPTY_RELAY_LIST, RELAY_LIST, type RelayList, relayListOf } from "../nostr/relay_list.ts";
import { batchesOf } from "./transfer.ts";

interface RelayListOptions {
  /** The stored events that match. */
  readonly query: (filter: ReqFilter, signal: AbortSignal) => AsyncIterable<readonly NostrEvent[]>;
  /** Calls back with each event that is stored from now on. Returns a function that ends this. */
  readonly listen: (filter: ReqFilter, onEvent: (event: NostrEvent) => void) => () => void;
  readonly clock: Clock;
  /** How many relays of a list are used, of each sort. */
  readonly maxRelays: number;
}

/** A list that was looked up. */
interface Remembered {
  readonly list: RelayList;
  readonly untilMs: number;
}

/** Lists that are remembered: some kilobytes each at most. */
const MAX_REMEMBERED = 2_000;

/**
 * How long a list counts, milliseconds. A new one counts at once; one that was deleted no longer
 * than that.
 */
const FRESH_MS = 60_000;

/** Keys in one query. */
const KEYS_AT_ONCE = 200;

/** The relay lists of this relay's store, read when they are needed. */
export class RelayLists {
  readonly #options: RelayListOptions;
  /** What one list costs to read is up to its author, and one event may ask for many. */
  readonly #remembered = new LruMap<string, Remembered>(MAX_REMEMBERED);
  readonly #stopListening: () => void;

  constructor(options: RelayListOptions) {
    this.#options = options;
    const filter = { kinds: new Set([RELAY_LIST]), tags: new Map() };
    this.#stopListening = options.listen(filter, ({ pubkey }) => this.#remembered.delete(pubkey));
  }

  close(): void {
    this.#stopListening();
  }

  /** The lists of keys, an empty one for each key that has none. */
  async of(
    keys: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RelayList>> {
    const nowMs = this.#options.clock.monotonicMs();
    const lists = new Map<string, RelayList>();
    const unknown = new Set<string>();
    for (const key of keys) {
      const remembered = this.#remembered.get(key);
      if (remembered !== undefined && nowMs < remembered.untilMs) lists.set(key, remembered.list);
      else unknown.add(key);
    }
    for (const batch of batchesOf(unknown, KEYS_AT_ONCE)) {
      for (const [key, list] of await this.#read(batch, signal)) {
        lists.set(key, list);
        this.#remembered.set(key, { list, untilMs: nowMs + FRESH_MS });
      }
    }
    return lists;
  }

  async #read(
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RelayList>> {
    const { query, maxRelays } = this.#options;
    const lists = new Map<string, RelayList>(keys.map((key) => [key, EMPTY_RELAY_LIST]));
    const filter = { authors: new Set(keys), kinds: new Set([RELAY_LIST]), tags: new Map() };
    for await (const events of query(filter, signal)) {
      for (const event of events) lists.set(event.pubkey, relayListOf(event, maxRelays));
    }
    return lists;
  }
}
