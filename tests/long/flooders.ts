/**
 * Publishers that send as fast as the relay takes it, in a thread of their own.
 *
 * @module
 */

import WebSocket from "ws";

/** What is to be done. */
export interface FloodOrders {
  readonly url: string;
  /** Signed events as JSON, shared out among the connections and sent again and again. */
  readonly events: readonly string[];
  /** One for each connection: the address that the proxy names. */
  readonly addresses: readonly string[];
}

/** Bytes that may wait to be sent. */
const AHEAD_BYTES = 65_536;

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<FloodOrders>) => void) | null;
  postMessage(message: number): void;
};

scope.onmessage = ({ data: { url, events, addresses } }) => {
  let answered = 0;
  for (const [place, address] of addresses.entries()) {
    const open = () => {
      const socket = new WebSocket(url, {
        headers: { "x-forwarded-for": address },
        perMessageDeflate: false,
      });
      let next = place;
      const more = () => {
        while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < AHEAD_BYTES) {
          socket.send(`["EVENT",${events[next % events.length]}]`);
          next += addresses.length;
        }
      };
      const timer = setInterval(more, 20);
      socket.on("open", more);
      socket.on("message", () => answered++);
      socket.on("error", () => {});
      // Whoever is refused or thrown out comes again.
      socket.on("close", () => {
        clearInterval(timer);
        setTimeout(open, 1_000);
      });
    };
    setTimeout(open, place * 2);
  }
  setInterval(() => scope.postMessage(answered), 500);
};
