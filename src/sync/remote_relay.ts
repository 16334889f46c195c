/**
 * A client of another relay, for syncing with it.
 *
 * @see NIP-01, NIP-42, NIP-77
 * @module
 */

import type { Clock, Timer } from "../base/clock.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { eventJson } from "../nostr/event_json.ts";
import { parseJson } from "../nostr/json.ts";
import { parseEvent } from "../nostr/parse_event.ts";
import { authenticationEvent, type RemoteSigner } from "./authentication.ts";
import { hasPrefix, oneLine, RemoteRefusal } from "./remote_refusal.ts";

/** An open connection to a relay. */
export interface RemoteSocket {
  send(text: string): void;
}

interface RemoteOptions {
  readonly socket: RemoteSocket;
  /** The URL of the relay, for AUTH. */
  readonly url: string;
  readonly clock: Clock;
  /** How long the other relay may be silent about a request, milliseconds. */
  readonly timeoutMs: number;
  /** Answers challenges. Default: nobody does. */
  readonly signer?: RemoteSigner | undefined;
  /** How much of one answer is kept in memory, characters as sent. Default: 32 Mi. */
  readonly maxAnswerCharacters?: number | undefined;
}

/** The OK to a published event. */
export interface RemoteAnswer {
  readonly accepted: boolean;
  /** One line; empty if none was given. */
  readonly reason: string;
}

/** The stored events that match a request. */
export interface RemoteEvents {
  readonly events: readonly NostrEvent[];
  /** How many had not the shape of an event. */
  readonly malformed: number;
  /** Whether the relay said that there are no more. @see NIP-67 */
  readonly isWhole: boolean;
  /** Whether the rest of the answer was not kept, for its size. */
  readonly isCut: boolean;
}

/** Receives the events of a subscription. Nothing may throw. */
interface RemoteListener {
  event(event: NostrEvent): void;
  /** Something came that has not the shape of an event. */
  malformed(): void;
  /** All stored events have come. */
  stored?(): void;
  /** The relay has ended the subscription. Not called by {@link RemoteRelay.disconnected}. */
  closed(refusal: RemoteRefusal): void;
}

/** The stored events among some ids. */
export interface FetchedEvents extends Pick<RemoteEvents, "events" | "malformed"> {
  /** Ids to ask for again: the other relay may give fewer events at a time than it has. */
  readonly rest: readonly string[];
}

/** A pending request. */
interface PendingRequest {
  /** @param characters the length of the message as it was sent */
  receive(verb: string, parts: readonly unknown[], characters: number): void;
  /** Handles a NOTICE, which names no request. */
  notice?(text: string): void;
  fail(error: Error): void;
}

type Handlers<T> = Readonly<
  Record<
    string,
    (parts: readonly unknown[], done: (value: T) => void, characters: number) => void
  >
>;

/** How long to wait for a challenge of a relay that has not sent one, milliseconds. */
const CHALLENGE_WAIT_MS = 1_000;

/** A signature takes a millisecond or two, so a relay gets a few on one connection. */
const MAX_CHALLENGES = 16;
const MAX_CHALLENGE_CHARACTERS = 1_000;

/** The most events of one answer: nobody asks for as many. */
const MAX_EVENTS = 20_000;

/** The default of {@link RemoteOptions.maxAnswerCharacters}. What is left is asked for again. */
const MAX_CHARACTERS = 32 * 1_048_576;

/**
 * NOTICEs by which relays without NIP-77 answer NEG-OPEN. NIP-77 names none, so these are those that
 * are seen: `ERROR: bad msg: negentropy disabled`, `unknown message type`, `could not parse command`.
 */
const NO_NEGENTROPY =
  /\bneg|unknown|unrecogni[sz]ed|unsupported|not supported|bad msg|pars|invalid|command/i;

/**
 * Sends requests to another relay, several at a time. Each rejects with {@link RemoteRefusal}. What
 * is refused for want of AUTH is asked once more after AUTH.
 */
export class RemoteRelay {
  readonly #options: RemoteOptions;
  readonly #pending = new Map<string, PendingRequest>();
  #requestCount = 0;
  #gone: RemoteRefusal | undefined;
  /** The answer to the last AUTH; undefined until there was a challenge. */
  #authentication: Promise<boolean> | undefined;
  #challenged = Promise.withResolvers<void>();
  #challenge: string | undefined;
  #challengeCount = 0;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  /** Handles a message of the other relay. Messages without a pending request are ignored. */
  receive(text: string): void {
    const parts = parseJson(text);
    if (!Array.isArray(parts)) return;
    const [verb, id] = parts as readonly unknown[];
    if (typeof verb !== "string" || typeof id !== "string") return;
    if (verb === "AUTH") this.#answerChallenge(id);
    else if (verb === "NOTICE") {
      for (const request of [...this.#pending.values()]) request.notice?.(oneLine(id));
    } else this.#pending.get(id)?.receive(verb, parts, text.length);
  }

  /** Rejects all pending and later requests: the connection has closed. */
  disconnected(why: string): void {
    this.#gone = new RemoteRefusal(oneLine(why), "gone");
    for (const request of [...this.#pending.values()]) request.fail(this.#gone);
    this.#challenged.resolve();
  }

  /**
   * Waits until a challenge was answered, where there is a key. False if there was no challenge
   * within a moment, or the answer was refused.
   *
   * @see NIP-42
   */
  async authenticated(): Promise<boolean> {
    const { signer, clock } = this.#options;
    if (signer === undefined) return false;
    const late = clock.after(CHALLENGE_WAIT_MS, () => this.#challenged.resolve());
    await this.#challenged.promise;
    late.cancel();
    return await this.#authentication ?? false;
  }

  /**
   * Reconciles the events that a filter matches.
   *
   * @param first the first message
   * @param next gives the message after an answer; undefined when reconciliation is complete
   */
  reconcile(
    filter: object,
    first: Uint8Array,
    next: (answer: Uint8Array) => Uint8Array | undefined,
  ): Promise<void> {
    return this.#afterAuth(async () => {
      const id = this.#nextId();
      let isHeard = false;
      try {
        await this.#ask<void>(id, ["NEG-OPEN", id, filter, first.toHex()], {
          "NEG-MSG": ([, , hex], done) => {
            isHeard = true;
            const message = next(bytesOf(hex));
            if (message === undefined) done();
            else this.#send(["NEG-MSG", id, message.toHex()]);
          },
          "NEG-ERR": ([, , reason, maxEvents]) => {
            const most = typeof maxEvents === "number" ? maxEvents : undefined;
            throw new RemoteRefusal(oneLine(reason), "refused", most);
          },
          NOTICE: ([, text]) => {
            if (isHeard || !NO_NEGENTROPY.test(String(text))) return;
            throw new RemoteRefusal(String(text), "refused");
          },
        });
      } finally {
        if (this.#gone === undefined) this.#send(["NEG-CLOSE", id]);
      }
    });
  }

  /** The stored events that match a filter, as many as the other relay gives in one answer. */
  query(filter: object): Promise<RemoteEvents> {
    const { maxAnswerCharacters = MAX_CHARACTERS } = this.#options;
    return this.#afterAuth(async () => {
      const id = this.#nextId();
      const events: NostrEvent[] = [];
      let malformed = 0;
      let kept = 0;
      const isWhole = await this.#ask<boolean>(id, ["REQ", id, filter], {
        EVENT: ([, , value], done, characters) => {
          const event = parseEvent(value);
          if ("reason" in event) malformed++;
          else {
            events.push(event);
            kept += characters;
          }
          if (events.length + malformed > MAX_EVENTS) {
            this.#send(["CLOSE", id]);
            throw new RemoteRefusal("it sends more than was asked for", "misunderstood");
          }
          // The newest come first, so this is as good as a smaller answer.
          if (kept > maxAnswerCharacters) done(false);
        },
        EOSE: ([, , hint], done) => done(Array.isArray(hint) && hint.includes("finish")),
        CLOSED: ([, , reason]) => {
          throw new RemoteRefusal(oneLine(reason), "refused");
        },
      });
      this.#send(["CLOSE", id]);
      return { events, malformed, isWhole, isCut: kept > maxAnswerCharacters };
    });
  }

  /** Fetches events by their ids, as many as the other relay gives in one answer. */
  async fetch(ids: readonly string[]): Promise<FetchedEvents> {
    const wanted = new Set(ids);
    const { events, malformed, isWhole } = await this.query({ ids });
    const found = events.filter(({ id }) => wanted.delete(id));
    // Where nothing comes, it has no more.
    return { events: found, malformed, rest: isWhole || found.length === 0 ? [] : [...wanted] };
  }

  /**
   * Subscribes to what matches a filter. Returns a function that ends the subscription; the
   * listener hears nothing after that.
   */
  subscribe(filter: object, listener: RemoteListener): () => void {
    const id = this.#nextId();
    const end = () => {
      if (this.#pending.delete(id) && this.#gone === undefined) this.#send(["CLOSE", id]);
    };
    let isRetried = false;
    this.#pending.set(id, {
      receive: (verb, [, , value]) => {
        if (verb === "EOSE") return listener.stored?.();
        if (verb === "CLOSED") {
          const refusal = new RemoteRefusal(oneLine(value), "refused");
          const { signer } = this.#options;
          if (!refusal.asksForAuth || signer === undefined || isRetried) {
            this.#pending.delete(id);
            return listener.closed(refusal);
          }
          isRetried = true;
          return void this.authenticated().then(() => {
            if (this.#gone === undefined && this.#pending.has(id)) this.#send(["REQ", id, filter]);
          });
        }
        if (verb !== "EVENT") return;
        const event = parseEvent(value);
        if ("reason" in event) listener.malformed();
        else listener.event(event);
      },
      fail: () => void this.#pending.delete(id),
    });
    this.#send(["REQ", id, filter]);
    return end;
  }

  /** Publishes an event. */
  async publish(event: NostrEvent): Promise<RemoteAnswer> {
    const json = eventJson(event);
    const answer = await this.#publish("EVENT", event.id, json);
    const isRefused = !answer.accepted && hasPrefix(answer.reason, "auth-required");
    if (!isRefused || !await this.authenticated()) return answer;
    return await this.#publish("EVENT", event.id, json);
  }

  #publish(verb: "EVENT" | "AUTH", id: string, json: string): Promise<RemoteAnswer> {
    return this.#ask<RemoteAnswer>(id, `["${verb}",${json}]`, {
      OK: ([, , accepted, reason], done) => {
        done({ accepted: accepted === true, reason: oneLine(reason) });
      },
    });
  }

  #answerChallenge(challenge: string): void {
    const { signer, url, clock } = this.#options;
    if (signer === undefined || challenge.length > MAX_CHALLENGE_CHARACTERS) return;
    // Relays send a challenge again when something needs AUTH; one answer is enough.
    if (challenge === this.#challenge || this.#challengeCount >= MAX_CHALLENGES) return;
    this.#challenge = challenge;
    this.#challengeCount++;
    const event = authenticationEvent({ challenge, url, nowMs: clock.nowMs() }, signer);
    this.#authentication = this.#publish("AUTH", event.id, eventJson(event))
      .then(({ accepted }) => accepted, () => false);
    this.#challenged.resolve();
  }

  /** Asks again after AUTH what was refused for want of it. */
  async #afterAuth<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RemoteRefusal) || !error.asksForAuth) throw error;
      if (!await this.authenticated()) throw error;
      return await work();
    }
  }

  #nextId(): string {
    return `sync-${++this.#requestCount}`;
  }

  #send(message: readonly unknown[]): void {
    this.#options.socket.send(JSON.stringify(message));
  }

  /** Sends a request and waits until one of the handlers of its answers calls `done` or throws. */
  #ask<T>(
    id: string,
    message: string | readonly unknown[],
    handlers: Handlers<T>,
  ): Promise<T> {
    const { clock, timeoutMs, socket } = this.#options;
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const silence = new RemoteRefusal(`it was silent for ${timeoutMs} ms`, "silent");
      let timer: Timer = clock.after(timeoutMs, () => fail(silence));
      const finish = () => {
        timer.cancel();
        this.#pending.delete(id);
      };
      const fail = (error: Error) => {
        finish();
        reject(error);
      };
      const done = (value: T) => {
        finish();
        resolve(value);
      };
      const handle: PendingRequest["receive"] = (verb, parts, characters) => {
        try {
          handlers[verb]?.(parts, done, characters);
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#pending.set(id, {
        receive: (...answer) => {
          timer.cancel();
          timer = clock.after(timeoutMs, () => fail(silence));
          handle(...answer);
        },
        notice: (text) => handle("NOTICE", ["NOTICE", text], text.length),
        fail,
      });
      socket.send(typeof message === "string" ? message : JSON.stringify(message));
    });
  }
}

function bytesOf(hex: unknown): Uint8Array {
  if (typeof hex === "string" && /^(?:[0-9a-fA-F]{2})*$/.test(hex)) return Uint8Array.fromHex(hex);
  throw new RemoteRefusal("its message is not hex", "misunderstood");
}
