/**
 * Records what a feed announces.
 *
 * @module
 */

import type { EventFeed } from "../../src/store/event_store.ts";

/** Subscribes to a feed and keeps the ids. */
export class ToldEvents {
  /** In order of announcement. */
  readonly ids: string[] = [];
  #wake: () => void = () => {};

  constructor(feed: EventFeed) {
    feed.subscribe((events) => {
      for (const { event } of events) this.ids.push(event.id);
      this.#wake();
    });
  }

  /**
   * Resolves when `count` events have been announced. If they never are, the test hangs and is
   * killed.
   */
  async reached(count: number): Promise<void> {
    while (this.ids.length < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
