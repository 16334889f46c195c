/**
 * The feed of a store that no other process writes to.
 *
 * @module
 */

import type { Erasure, EventRecord, FeedOptions } from "../event_store.ts";
import type { StoreFeed } from "./store_feed.ts";

/** Delivers what its own process stores. */
export class LocalFeed implements StoreFeed {
  readonly #subscribers: ((events: readonly EventRecord[]) => void)[] = [];
  #options: Partial<FeedOptions> = {};

  subscribe(onEvents: (events: readonly EventRecord[]) => void): void {
    this.#subscribers.push(onEvents);
  }

  readonly isShared: boolean = false;

  /** True: there are no others. */
  get isCurrent(): boolean {
    return true;
  }

  start(options: Partial<FeedOptions> = {}): Promise<void> {
    this.#options = options;
    return Promise.resolve();
  }

  /** True: an event is delivered in the same turn in which it becomes visible. */
  wasDelivered(_seq: number): boolean {
    return true;
  }

  publishEphemeral(record: EventRecord): void {
    this.tell([record]);
  }

  announce(): undefined {}

  announceErasure(): undefined {}

  announceRestored(): undefined {}

  restored(ids: readonly string[]): void {
    this.#options.onRestored?.(ids);
  }

  erased(erasure: Erasure): void {
    this.#options.onErased?.(erasure);
  }

  committed(events: readonly EventRecord[]): void {
    this.tell(events);
  }

  failed(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Delivers events that have just become visible. */
  tell(events: readonly EventRecord[]): void {
    if (events.length === 0) return;
    for (const onEvents of this.#subscribers) onEvents(events);
  }
}
