/**
 * Asks a running relay at its control socket.
 *
 * @module
 */

import { Agent, type IncomingMessage, request } from "node:http";
import { utf8 } from "../../base/bytes.ts";
import { messageOf } from "../../base/error_text.ts";
import { type QueryOptions, StoreUnavailable } from "../../store/event_store.ts";
import { version } from "../version.ts";
import {
  type ACTIVITY,
  type CallName,
  encode,
  type Frame,
  readFrames,
  type StoreLink,
  type StreamName,
  VERSION_HEADER,
} from "./wire.ts";

type Method = CallName | StreamName | typeof ACTIVITY;

/** What of a query's options goes over HTTP by itself: leaving ends the query. */
type Asking = Pick<QueryOptions, "signal">;

/** All calls reject with {@link StoreUnavailable} when the relay is gone or says what went wrong. */
export class ControlClient implements StoreLink {
  readonly #path: string;
  readonly #agent = new Agent({ keepAlive: true });

  /** A relay answers at the socket `path`. */
  constructor(path: string) {
    this.#path = path;
  }

  async call<Value>(
    method: Method,
    args: readonly unknown[] = [],
    options: Asking = {},
  ): Promise<Value> {
    for await (const frame of this.ask(method, args, options)) {
      // The relay is the same version of this program.
      if ("value" in frame) return frame.value as Value;
    }
    throw new StoreUnavailable("the running relay did not answer");
  }

  async *ask(
    method: Method,
    args: readonly unknown[],
    { signal }: Asking = {},
  ): AsyncGenerator<Frame> {
    signal?.throwIfAborted();
    const response = await this.#send(method, utf8(encode(args)), signal);
    try {
      for await (const frame of readFrames(response)) {
        if ("error" in frame) throw new StoreUnavailable(frame.error);
        if ("end" in frame) return;
        yield frame;
      }
      throw new Error("the answer is incomplete");
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable(
        `the running relay ended while it was asked: ${messageOf(error)}`,
        { cause: error },
      );
    } finally {
      response.destroy();
    }
  }

  /** Closes the connections to the relay. */
  close(): void {
    this.#agent.destroy();
  }

  /** The answer, which the signal cuts off. */
  #send(
    method: string,
    body: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asking = request({
        socketPath: this.#path,
        agent: this.#agent,
        method: "POST",
        path: `/${method}`,
        headers: { [VERSION_HEADER]: version, "content-length": body.length },
        ...signal !== undefined && { signal },
      }, resolve);
      asking.on("error", (cause) => {
        const text = `the running relay cannot be asked at ${this.#path}: ${cause.message}`;
        reject(signal?.aborted ? signal.reason : new StoreUnavailable(text, { cause }));
      });
      asking.end(body);
    });
  }
}
