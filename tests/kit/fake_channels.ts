/**
 * Channels between feeds that stand for threads of one process.
 *
 * @module
 */

import type { NearbyChannel, NearbyMessage } from "../../src/store/feed/nearby_feeds.ts";

/** Carries messages from each channel to all others, as copies and in later turns. */
export class FakeChannels {
  /** Whether messages are lost. */
  isLosing = false;
  readonly #receivers = new Set<(message: NearbyMessage) => void>();

  open(): NearbyChannel {
    let own: (message: NearbyMessage) => void = () => {};
    return {
      send: (message) => {
        if (this.isLosing) return;
        for (const receiver of this.#receivers) {
          const copy = structuredClone(message);
          if (receiver !== own) setImmediate(() => receiver(copy));
        }
      },
      receive: (onMessage) => {
        own = onMessage;
        this.#receivers.add(onMessage);
      },
      close: () => void this.#receivers.delete(own),
    };
  }
}
