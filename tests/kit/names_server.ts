/**
 * An HTTP server that gives names to keys, and a `fetch` that finds it in place of any domain.
 *
 * @see NIP-05
 * @module
 */

import type { Fetch } from "../../src/app/access/member_domains.ts";

/** Answers every request as {@link answer} does. */
export class NamesServer implements AsyncDisposable {
  /** The answer to a request; the signal of the request is aborted when its client is gone. */
  answer: (request: Request) => Response | Promise<Response> = () => new Response("{}");
  /** Domain and path of each request so far. */
  readonly asked: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.answer(request));
  }

  /** From now on these keys have a name. */
  list(...keys: readonly string[]): void {
    const names = Object.fromEntries(keys.map((key, at) => [`name${at}`, key]));
    this.answer = () => Response.json({ names });
  }

  /** Sends requests for `https://DOMAIN/PATH` here. */
  readonly fetch: Fetch = (url, init) => {
    const { protocol, host, pathname, search } = new URL(url);
    this.asked.push(`${protocol}//${host}${pathname}${search}`);
    return fetch(`http://127.0.0.1:${this.#server.addr.port}${pathname}`, init);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
