/**
 * Messages between the threads of a relay.
 *
 * @module
 */

import type { NearbyChannel, NearbyMessage } from "../../store/feed/nearby_feeds.ts";

/**
 * Opens the channel of this name. Messages reach every other thread of the process that has opened it; the
 * runtime drops the oldest when a thread has too many of them waiting.
 */
export function openThreadChannel(name: string): NearbyChannel {
  const channel = new BroadcastChannel(name);
  return {
    send: (message) => channel.postMessage(message),
    receive(onMessage) {
      // Only the threads of this relay know the name.
      channel.onmessage = ({ data }: MessageEvent<NearbyMessage>) => onMessage(data);
    },
    close: () => channel.close(),
  };
}
