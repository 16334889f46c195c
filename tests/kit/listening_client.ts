/**
 * A subscriber that records what it receives, and when.
 *
 * @module
 */

/** One connection with one subscription. */
export class ListeningClient implements AsyncDisposable {
  /** How often each event was received. */
  readonly counts = new Map<string, number>();
  /** When each was received first, by `performance.now()`. */
  readonly heardMs = new Map<string, number>();
  readonly #socket: WebSocket;
  readonly #closed: Promise<void>;
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.onclose = () => resolve());
  }

  /** Connects, subscribes and waits for EOSE. */
  static async open(url: string, filter: object): Promise<ListeningClient> {
    const socket = new WebSocket(url);
    const client = new ListeningClient(socket);
    const ready = Promise.withResolvers<void>();
    socket.onopen = () => socket.send(JSON.stringify(["REQ", "s", filter]));
    socket.onerror = () => ready.reject(new Error(`cannot connect to ${url}`));
    socket.onmessage = ({ data }) => {
      if (data.startsWith('["EOSE","s"')) ready.resolve();
      // Each connection begins with an AUTH challenge.
      else if (!data.startsWith('["AUTH",')) client.#hear(data);
    };
    await ready.promise;
    socket.onerror = () => {};
    return client;
  }

  /**
   * Resolves when `count` different events have been received. If they never are, the test hangs
   * and is killed.
   */
  async reached(count: number): Promise<void> {
    while (this.counts.size < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#closed;
  }

  #hear(text: string): void {
    const nowMs = performance.now();
    const id = /"id":"([0-9a-f]{64})"/.exec(text)?.[1];
    if (id === undefined) throw new Error(`not an event: ${text}`);
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
    if (!this.heardMs.has(id)) this.heardMs.set(id, nowMs);
    this.#wake();
  }
}
