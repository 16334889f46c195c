/**
 * The link between two relays, which can be cut: a proxy that reads along.
 *
 * @module
 */

/** Forwards WebSocket connections, and counts the events that cross. */
export class RelayLink implements AsyncDisposable {
  /** For each connection, how often each event crossed it, either way. */
  readonly crossings: Map<string, number>[] = [];
  /** Where connections go. */
  target = "";
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets = new Set<WebSocket>();
  #isCut = false;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      if (this.#isCut || this.target === "") return new Response("cut", { status: 503 });
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#join(socket, new WebSocket(this.target));
      return response;
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** The most often that an event crossed one connection. */
  get mostCrossings(): number {
    return Math.max(0, ...this.crossings.flatMap((counts) => [...counts.values()]));
  }

  /** Ends the connections and lets none be made. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.close();
  }

  heal(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#server.shutdown();
    while (this.#sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #join(near: WebSocket, far: WebSocket): void {
    const crossings = new Map<string, number>();
    this.crossings.push(crossings);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      this.#sockets.add(from);
      const waiting: string[] = [];
      to.addEventListener("open", () => waiting.splice(0).forEach((text) => to.send(text)));
      from.onmessage = ({ data }) => {
        const event = eventIn(JSON.parse(data));
        if (event !== undefined) crossings.set(event, (crossings.get(event) ?? 0) + 1);
        if (to.readyState === WebSocket.OPEN) to.send(data);
        else if (to.readyState === WebSocket.CONNECTING) waiting.push(data);
      };
      from.onerror = () => {};
      from.onclose = () => {
        this.#sockets.delete(from);
        if (to.readyState <= WebSocket.OPEN) to.close();
      };
    }
  }
}

/** The id of the event in a message; undefined where there is none. */
function eventIn([verb, ...rest]: readonly unknown[]): string | undefined {
  if (verb !== "EVENT") return undefined;
  return (rest.at(-1) as { readonly id: string }).id;
}
