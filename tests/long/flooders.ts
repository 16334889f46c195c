/**
 * Publishers that send as fast as the relay takes it: a program of its own, so that the honest publisher's
 * thread does not wait for them. Reads its orders from the file that is its argument, and prints how
 * many answers of each kind it had. It ends by itself.
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
  /** How long it lasts, milliseconds. */
  readonly lastsMs: number;
}

/** Bytes that may wait to be sent. */
const AHEAD_BYTES = 65_536;

/** Sends until the time is over, and returns how many answers of each kind came. */
async function flood(
  { url, events, addresses, lastsMs }: FloodOrders,
): Promise<Readonly<Record<string, number>>> {
  const answers: Record<string, number> = {};
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
      socket.on("message", (data: Uint8Array) => {
        const [verb, , accepted, reason = ""] = JSON.parse(data.toString());
        const kind = verb === "OK"
          ? `${accepted ? "taken" : "refused"} ${reason.split(":")[0]}`
          : verb;
        answers[kind.trim()] = (answers[kind.trim()] ?? 0) + 1;
      });
      socket.on("error", () => {});
      // Whoever is refused or thrown out comes again.
      socket.on("close", () => {
        clearInterval(timer);
        setTimeout(open, 1_000);
      });
    };
    setTimeout(open, place * 2);
  }
  await new Promise((resolve) => setTimeout(resolve, lastsMs));
  return answers;
}

const orders: FloodOrders = JSON.parse(await Deno.readTextFile(Deno.args[0]!));
console.log(JSON.stringify(await flood(orders)));
Deno.exit();
