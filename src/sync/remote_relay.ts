/**
 * Another relay, as this one talks to it.
 *
 * @see NIP-01, NIP-77
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { isJsonObject, parseJson } from "../nostr/json.ts";

/** The connection to a relay, which somebody else opened. */
export interface RemoteSocket {
  send(text: string): void;
}

/** The other relay said no, or nothing, or hung up. The message is for people. */
export class RemoteRefusal extends Error {
  override readonly name = "RemoteRefusal";
  /** How many events the other relay compares at most, where it has said so. */
  readonly most: number | undefined;

  constructor(message: string, most?: number) {
    super(message);
    this.most = most;
  }
}

/** An answer to an event that was published. */
export interface RemoteAnswer {
  readonly accepted: boolean;
  readonly reason: string;
}

/** Who waits for what comes under an id. */
interface Waiting {
  hear(verb: string, parts: readonly unknown[]): void;
  fail(error: Error): void;
}

/**
 * Asks another relay, several things at a time. Each rejects with {@link RemoteRefusal}.
 */
export class RemoteRelay {
  readonly #socket: RemoteSocket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<string, Waiting>();
  #asked = 0;

  /** @param timeoutMs how long the other relay may be silent about what it was asked, milliseconds */
  constructor(socket: RemoteSocket, clock: Clock, timeoutMs: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Takes a message of the other relay's. What nobody asked for is passed over. */
  hear(text: string): void {
    const parts = parseJson(text);
    if (!Array.isArray(parts)) return;
    const [verb, id] = parts as readonly unknown[];
    if (typeof verb === "string" && typeof id === "string") {
      this.#waiting.get(id)?.hear(verb, parts);
    }
  }

  /** The connection is over. */
  ended(why: string): void {
    const error = new RemoteRefusal(why);
    for (const waiting of [...this.#waiting.values()]) waiting.fail(error);
  }

  /**
   * Reconciles what a filter matches.
   *
   * @param first the first message
   * @param next gives the message that follows an answer; undefined when all is known
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
      "NEG-ERR": ([, , reason, most]) => {
        throw new RemoteRefusal(String(reason), typeof most === "number" ? most : undefined);
      },
    });
    this.#send(["NEG-CLOSE", id]);
  }

  /** Events by their ids, as JSON; those that it does not have are missing. */
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
    return `sync-${++this.#asked}`;
  }

  #send(message: readonly unknown[]): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Says something and waits for what its verbs make of the answers. */
  #ask<T>(
    id: string,
    message: string | readonly unknown[],
    verbs: Readonly<Record<string, (parts: readonly unknown[], done: (value: T) => void) => void>>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        finish();
        reject(error);
      };
      const watch = () =>
        this.#clock.after(
          this.#timeoutMs,
          () => fail(new RemoteRefusal(`the other relay was silent for ${this.#timeoutMs} ms`)),
        );
      let timer = watch();
      const finish = () => {
        timer.cancel();
        this.#waiting.delete(id);
      };
      const hear = (verb: string, parts: readonly unknown[]) => {
        timer.cancel();
        timer = watch();
        try {
          verbs[verb]?.(parts, (value) => {
            finish();
            resolve(value);
          });
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#waiting.set(id, { hear, fail });
      this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
    });
  }
}
