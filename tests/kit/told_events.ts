/**
 * What a feed has told, for tests that count.
 *
 * @module
 */

import type { EventFeed } from "../../src/store/event_store.ts";

/** Follows a feed and keeps the ids. */
export class ToldEvents {
  /** In the order in which they were told. */
  readonly ids: string[] = [];
  #wake: () => void = () => {};

  constructor(feed: EventFeed) {
    feed.subscribe((events) => {
      for (const { event } of events) this.ids.push(event.id);
      this.#wake();
    });
  }

  /** Resolves when as many events have been told. A test that waits in vain hangs, and is ended. */
  async reached(count: number): Promise<void> {
    while (this.ids.length < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
