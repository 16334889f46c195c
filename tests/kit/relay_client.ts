/**
 * A Nostr client on the runtime's WebSocket.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";

/** The third and fourth element of an OK message. */
export interface Answer {
  readonly accepted: boolean;
  readonly reason: string;
}

/** Subscriptions open at a time, within a relay's limit. */
const MAX_QUERIES = 50;

/** One connection to a relay. */
export class RelayClient implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #closed: Promise<void>;
  /** The callers that wait for the OK of an id, in order: an event may be published twice. */
  readonly #answers = new Map<string, ((answer: Answer | undefined) => void)[]>();
  readonly #queries = new Map<string, Query>();
  #nextQuery = 0;
  #answered = 0;
  #onFollowed: (id: string) => void = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.onclose = () => {
        for (const answer of [...this.#answers.values()].flat()) answer(undefined);
        for (const { reject } of this.#queries.values()) reject(new Error("connection lost"));
        resolve();
      };
    });
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
  }

  static async connect(url: string): Promise<RelayClient> {
    const socket = new WebSocket(url);
    const client = new RelayClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`cannot connect to ${url}`));
    });
    socket.onerror = () => {};
    return client;
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** How many events were answered so far. */
  get answered(): number {
    return this.#answered;
  }

  /** Sends an event and waits for its OK; undefined if the connection ends first. */
  publish(event: NostrEvent): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return resolve(undefined);
      const waiting = this.#answers.get(event.id);
      if (waiting === undefined) this.#answers.set(event.id, [resolve]);
      else waiting.push(resolve);
      this.#socket.send(JSON.stringify(["EVENT", event]));
    });
  }

  /**
   * Publishes all events with `inFlight` pending at a time; returns the answers in order, undefined
   * where the connection ended first.
   */
  async publishAll(
    events: readonly NostrEvent[],
    inFlight = 100,
  ): Promise<readonly (Answer | undefined)[]> {
    const answers = new Array<Answer | undefined>(events.length);
    let next = 0;
    const lane = async () => {
      while (next < events.length) {
        const place = next++;
        answers[place] = await this.publish(events[place]!);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return answers;
  }

  /** The ids of matching stored events, in order of receipt. Rejects on CLOSED. */
  async query(filters: readonly ReqFilter[]): Promise<readonly string[]> {
    const events = await this.queryEvents(filters);
    return events.map(({ id }) => id);
  }

  /** The matching stored events, in order of receipt. */
  queryEvents(filters: readonly ReqFilter[]): Promise<readonly NostrEvent[]> {
    // Ids are reused instead of sending CLOSE: of two small messages without an answer in between,
    // Nagle's algorithm would delay the second until the first is acknowledged.
    const id = `q${this.#nextQuery++ % MAX_QUERIES}`;
    return new Promise((resolve, reject) => {
      this.#queries.set(id, { events: [], resolve, reject });
      this.#socket.send(JSON.stringify(["REQ", id, ...filters.map(wireFilter)]));
    });
  }

  /** Calls back with the id of each event that is delivered from now on. */
  follow(onEvent: (id: string) => void): void {
    this.#onFollowed = onEvent;
    this.#socket.send(JSON.stringify(["REQ", "follow", { limit: 0 }]));
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #hear([verb, id, ...rest]: readonly [string, string, ...unknown[]]): void {
    const query = this.#queries.get(id);
    if (verb === "OK") {
      const [accepted, reason] = rest as [boolean, string];
      this.#answered++;
      const waiting = this.#answers.get(id)!;
      waiting.shift()!({ accepted, reason });
      if (waiting.length === 0) this.#answers.delete(id);
    } else if (verb === "EVENT" && id === "follow") {
      this.#onFollowed((rest[0] as NostrEvent).id);
    } else if (verb === "EVENT") {
      query?.events.push(rest[0] as NostrEvent);
    } else if (verb === "EOSE") {
      query?.resolve(query.events);
      this.#queries.delete(id);
    } else if (verb === "CLOSED") {
      query?.reject(new Error(`CLOSED ${rest[0]}`));
      this.#queries.delete(id);
    }
  }
}

interface Query {
  readonly events: NostrEvent[];
  readonly resolve: (events: readonly NostrEvent[]) => void;
  readonly reject: (error: Error) => void;
}

/** A filter as sent. */
export function wireFilter({ tags, ids, authors, kinds, ...rest }: ReqFilter): object {
  return {
    ...ids && { ids: [...ids] },
    ...authors && { authors: [...authors] },
    ...kinds && { kinds: [...kinds] },
    ...Object.fromEntries([...tags].map(([letter, values]) => [`#${letter}`, [...values]])),
    ...rest,
  };
}
