/**
 * A client of another relay, for syncing with it.
 *
 * @see NIP-01, NIP-77
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { isJsonObject, parseJson } from "../nostr/json.ts";

/** An open connection to a relay. */
export interface RemoteSocket {
  send(text: string): void;
}

/**
 * The other relay refused, was silent or closed the connection. The message is for people.
 */
export class RemoteRefusal extends Error {
  override readonly name = "RemoteRefusal";
  /** How many events the other relay reconciles at most, if it said so. */
  readonly maxEvents: number | undefined;

  constructor(message: string, maxEvents?: number) {
    super(message);
    this.maxEvents = maxEvents;
  }
}

/** The OK to a published event. */
export interface RemoteAnswer {
  readonly accepted: boolean;
  readonly reason: string;
}

/** A pending request. */
interface PendingRequest {
  receive(verb: string, parts: readonly unknown[]): void;
  fail(error: Error): void;
}

/**
 * Sends requests to another relay, several at a time. Each rejects with {@link RemoteRefusal}.
 */
export class RemoteRelay {
  readonly #socket: RemoteSocket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #pending = new Map<string, PendingRequest>();
  #requestCount = 0;

  /** @param timeoutMs how long the other relay may be silent about a request, milliseconds */
  constructor(socket: RemoteSocket, clock: Clock, timeoutMs: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Handles a message of the other relay. Messages without a pending request are ignored. */
  receive(text: string): void {
    const parts = parseJson(text);
    if (!Array.isArray(parts)) return;
    const [verb, id] = parts as readonly unknown[];
    if (typeof verb === "string" && typeof id === "string") {
      this.#pending.get(id)?.receive(verb, parts);
    }
  }

  /** Rejects all pending requests: the connection has closed. */
  disconnected(why: string): void {
    const error = new RemoteRefusal(why);
    for (const request of [...this.#pending.values()]) request.fail(error);
  }

  /**
   * Reconciles the events that a filter matches.
   *
   * @param first the first message
   * @param next gives the message after an answer; undefined when reconciliation is complete
   */
  async reconcile(
    filter: object,
    first: Uint8Array,
    next: (answer: Uint8Array) => Uint8Array | undefined,
  ): Promise<void> {
    const id = this.#nextId();
    await this.#ask<void>(id, ["NEG-OPEN", id, filter, first.toHex()], {
      "NEG-MSG": ([, , hex], done) => {
        const message = next(Uint8Array.fromHex(String(hex)));
        if (message === undefined) done();
        else this.#send(["NEG-MSG", id, message.toHex()]);
      },
      "NEG-ERR": ([, , reason, maxEvents]) => {
        throw new RemoteRefusal(
          String(reason),
          typeof maxEvents === "number" ? maxEvents : undefined,
        );
      },
    });
    this.#send(["NEG-CLOSE", id]);
  }

  /** Fetches events by their ids, as JSON. The result lacks those that the other relay lacks. */
  async fetch(ids: readonly string[]): Promise<readonly string[]> {
    const id = this.#nextId();
    const events: string[] = [];
    await this.#ask<void>(id, ["REQ", id, { ids }], {
      EVENT: ([, , event]) => void (isJsonObject(event) && events.push(JSON.stringify(event))),
      EOSE: (_, done) => done(),
      CLOSED: ([, , reason]) => {
        throw new RemoteRefusal(String(reason));
      },
    });
    this.#send(["CLOSE", id]);
    return events;
  }

  /** Publishes an event, given as JSON. */
  publish(id: string, json: string): Promise<RemoteAnswer> {
    return this.#ask<RemoteAnswer>(id, `["EVENT",${json}]`, {
      OK: ([, , accepted, reason], done) => {
        done({ accepted: accepted === true, reason: String(reason ?? "") });
      },
    });
  }

  #nextId(): string {
    return `sync-${++this.#requestCount}`;
  }

  #send(message: readonly unknown[]): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends a request and waits until one of the handlers of its answers calls `done` or throws. */
  #ask<T>(
    id: string,
    message: string | readonly unknown[],
    handlers: Readonly<
      Record<string, (parts: readonly unknown[], done: (value: T) => void) => void>
    >,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        finish();
        reject(error);
      };
      const startTimer = () =>
        this.#clock.after(
          this.#timeoutMs,
          () => fail(new RemoteRefusal(`the other relay was silent for ${this.#timeoutMs} ms`)),
        );
      let timer = startTimer();
      const finish = () => {
        timer.cancel();
        this.#pending.delete(id);
      };
      const receive = (verb: string, parts: readonly unknown[]) => {
        timer.cancel();
        timer = startTimer();
        try {
          handlers[verb]?.(parts, (value) => {
            finish();
            resolve(value);
          });
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#pending.set(id, { receive, fail });
      this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
    });
  }
}
