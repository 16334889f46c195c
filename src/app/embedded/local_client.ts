/**
 * Publishes and queries from within the host program, without a socket.
 *
 * @module
 */

import { utf8Decode } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { parseFilter } from "../../nostr/parse_filter.ts";
import { type Reason, reasonText } from "../../nostr/reason.ts";
import type { RelayHost } from "../relay_host.ts";
import type { Settings } from "../settings/setting_list.ts";
import { relayLimits } from "../relay_limits.ts";

/**
 * A filter as written in JSON.
 *
 * @see NIP-01
 */
export interface Filter {
  /** Ids, 64 lower-case hex digits. */
  readonly ids?: readonly string[];
  /** Public keys, 64 lower-case hex digits. */
  readonly authors?: readonly string[];
  /** Kinds, from 0 to 65535. */
  readonly kinds?: readonly number[];
  /** Seconds since 1970, inclusive. */
  readonly since?: number;
  /** Seconds since 1970, inclusive. */
  readonly until?: number;
  /** The most stored events to return. */
  readonly limit?: number;
  /**
   * Words to find, where search is on.
   *
   * @see NIP-50
   */
  readonly search?: string;
  /** First values of single-letter tags. */
  readonly [tag: `#${string}`]: readonly string[];
}

/** The result of publishing an event. */
export interface Published {
  /** The third element of an OK message: whether the event was accepted. */
  readonly accepted: boolean;
  /** The fourth element of an OK message: why, where there is something to say. */
  readonly reason?: Reason;
}

/** Events that may wait for the reader of a subscription. */
const MAX_WAITING = 10_000;

/**
 * Publishes, queries and subscribes for the host program. Nothing is hidden from it, and policies
 * see its events with the origin `relay`. The methods are those of `EmbeddedRelay`.
 */
export class LocalClient {
  readonly #host: RelayHost;
  readonly #settings: Settings;

  constructor(host: RelayHost, settings: Settings) {
    this.#host = host;
    this.#settings = settings;
  }

  async publish(event: NostrEvent): Promise<Published> {
    const { accepted, reason } = await this.#host.relay.publish(event);
    return { accepted, ...reason && { reason } };
  }

  async *query(filters: readonly Filter[]): AsyncGenerator<NostrEvent, void> {
    for await (const rows of this.#host.query(this.#parsed(filters))) {
      for (const { json } of rows) yield JSON.parse(utf8Decode(json)!);
    }
  }

  async *subscribe(filters: readonly Filter[]): AsyncGenerator<NostrEvent, void> {
    const waiting: NostrEvent[] = [];
    let wake = () => {};
    const stop = this.#host.relay.listen(this.#parsed(filters), (event) => {
      // One event over the limit marks the overflow.
      if (waiting.length <= MAX_WAITING) waiting.push(event);
      wake();
    });
    // Registered once: a listener per wait would leak.
    const forget = this.#host.onClosed(() => wake());
    try {
      while (!this.#host.isClosed) {
        if (waiting.length > MAX_WAITING) throw new RangeError("events are read too slowly");
        const event = waiting.shift();
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    } finally {
      stop();
      forget();
    }
  }

  #parsed(filters: readonly Filter[]): readonly ReqFilter[] {
    const limits = relayLimits(this.#settings);
    return filters.map((filter) => {
      const parsed = parseFilter(filter, { ...limits, maxFilterValues: Infinity });
      if ("prefix" in parsed) throw new TypeError(reasonText(parsed));
      return parsed;
    });
  }
}
