/**
 * The feed of a store that nobody else writes to.
 *
 * @module
 */

import type { EventRecord } from "./event_store.ts";
import type { StoreFeed } from "./store_feed.ts";

/**
 * Tells what its own process stored.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { LocalFeed } from "./local_feed.ts";
 *
 * const feed = new LocalFeed();
 * const told: string[] = [];
 * feed.follow((events) => told.push(...events.map(({ event }) => event.id)));
 * const event = { id: "a1", pubkey: "b2", created_at: 3, kind: 1, tags: [], content: "", sig: "" };
 * feed.tell([{ event, json: new Uint8Array() }]);
 * deepEqual(told, ["a1"]);
 * ```
 */
export class LocalFeed implements StoreFeed {
  readonly #followers: ((events: readonly EventRecord[]) => void)[] = [];

  follow(onEvents: (events: readonly EventRecord[]) => void): void {
    this.#followers.push(onEvents);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** True: what is visible was told in the same moment. */
  hasTold(_seq: number): boolean {
    return true;
  }

  pass(record: EventRecord): void {
    this.tell([record]);
  }

  announce(): Promise<void> {
    return Promise.resolve();
  }

  committed(events: readonly EventRecord[]): void {
    this.tell(events);
  }

  failed(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Tells events that have just become visible. */
  tell(events: readonly EventRecord[]): void {
    if (events.length === 0) return;
    for (const onEvents of this.#followers) onEvents(events);
  }
}
