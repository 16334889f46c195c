/**
 * Publishers that send as fast as the relay takes it: a program of its own, so that the honest publisher's
 * thread does not wait for them. Reads its orders from the file that is its argument, prints a line
 * when all connections are open, and at the end how many answers of each kind it had. It ends by itself.
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

/** How many messages a connection sends at once, and how long it waits then: 640 a second at most. */
const BATCH = 32;
const PAUSE_MS = 50;

const answers: Record<string, number> = {};

/** Counts an answer by what it says. */
function count(data: Uint8Array): void {
  const [verb, , accepted, reason = ""] = JSON.parse(data.toString());
  const outcome = `${accepted ? "taken" : "refused"} ${reason.split(":")[0]}`.trim();
  const kind = verb === "OK" ? outcome : verb;
  answers[kind] = (answers[kind] ?? 0) + 1;
}

function connect(url: string, address: string): Promise<WebSocket> {
  const headers = { "x-forwarded-for": address };
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  socket.on("message", count);
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("open", () => resolve(socket)));
}

/** Sends the events of one place again and again, as fast as they are taken. */
function flood(socket: WebSocket, { events, addresses }: FloodOrders, place: number): void {
  let next = place;
  // Goes on when the system has taken what was sent, after a pause: a connection that is not read costs
  // this program no time, which the relay and the honest publisher need.
  const more = () => {
    for (let left = BATCH; left > 0 && socket.readyState === WebSocket.OPEN; left--) {
      const isLast = left === 1;
      socket.send(
        `["EVENT",${events[next % events.length]}]`,
        () => isLast && setTimeout(more, PAUSE_MS),
      );
      next += addresses.length;
    }
  };
  more();
}

const orders: FloodOrders = JSON.parse(await Deno.readTextFile(Deno.args[0]!));
const sockets: WebSocket[] = [];
for (const address of orders.addresses) sockets.push(await connect(orders.url, address));
console.log("open");
for (const [place, socket] of sockets.entries()) {
  const again = async () => {
    // Whoever is thrown out comes again.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    start(await connect(orders.url, orders.addresses[place]!));
  };
  const start = (opened: WebSocket) => {
    opened.on("close", () => void again());
    flood(opened, orders, place);
  };
  start(socket);
}
setTimeout(() => {
  console.log(JSON.stringify(answers));
  Deno.exit();
}, orders.lastsMs);
