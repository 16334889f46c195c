/**
 * A TCP proxy that simulates network failures.
 *
 * @module
 */

/** Traffic is forwarded, held back, or discarded. */
export type ProxyMode = "open" | "frozen" | "black hole";

/** Forwards TCP connections to a port on this machine. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  /** Connections made through it. */
  connectionCount = 0;
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  readonly #serving: Promise<void>;
  #mode: ProxyMode = "open";

  constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#serving = this.#serve();
  }

  /** Freezes the existing connections; new ones are forwarded. This is a fail-over without FIN. */
  freeze(): void {
    for (const pair of this.#pairs) pair.freeze();
  }

  /** From the client's next bytes on, forwards what it sends and discards the answers. */
  loseAnswers(): void {
    for (const pair of this.#pairs) pair.losesAnswers = true;
  }

  /**
   * Sets the mode of existing and new connections; unless open, new ones are accepted and never
   * answered.
   */
  set mode(mode: ProxyMode) {
    this.#mode = mode;
    if (mode !== "open") this.freeze();
  }

  /** Closes the existing connections. */
  cut(): void {
    for (const pair of this.#pairs) pair.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const running = new Set<Promise<void>>();
    for await (const client of this.#listener) {
      this.connectionCount++;
      const pair = new Pair(client, this.#target);
      this.#pairs.add(pair);
      if (this.#mode !== "open") pair.freeze();
      const run = pair.run().finally(() => {
        running.delete(run);
        this.#pairs.delete(pair);
      });
      running.add(run);
    }
    await Promise.all(running);
  }
}

/** A client's connection and the one to the server. */
class Pair {
  losesAnswers = false;
  readonly #client: Deno.TcpConn;
  readonly #target: number;
  readonly #closed = Promise.withResolvers<void>();
  #server: Deno.TcpConn | undefined;
  #isFrozen = false;
  #isClosed = false;

  constructor(client: Deno.TcpConn, target: number) {
    this.#client = client;
    this.#target = target;
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client.close();
    this.#server?.close();
    this.#closed.resolve();
  }

  async run(): Promise<void> {
    if (!this.#isFrozen) {
      this.#server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      if (this.#isClosed) return this.#server.close();
      await Promise.all([
        this.#pump(this.#client, this.#server),
        this.#pump(this.#server, this.#client),
      ]);
    }
    await this.#closed.promise;
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (this.#isFrozen || (this.losesAnswers && from === this.#server)) return;
        if (count === null) return this.close();
        for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
      }
    } catch {
      this.close();
    }
  }
}
