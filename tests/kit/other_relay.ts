/**
 * A relay that is not ours: NIP-01 over a real socket, with the habits of others.
 *
 * @module
 */

import { Negentropy, NegentropyStorage } from "@nostr-dev-kit/sync";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { matches } from "../../src/nostr/match.ts";
import { parseFilter } from "../../src/nostr/parse_filter.ts";

/** The habits of an {@link OtherRelay}. */
export interface OtherRelayHabits {
  /**
   * How it answers NEG-OPEN. Default: by a NOTICE, as strfry does when reconciliation is off.
   * `reconciles`: with the engine of NDK.
   */
  readonly negentropy?: "notice" | "error" | "silence" | "reconciles";
  /** The most events of one answer. Default: 500. */
  readonly maxLimit?: number;
  /** Refuses as many requests, and as many events, as rate-limited before it takes the next one. */
  readonly rateLimited?: number;
  /** Ends each subscription behind its stored events. */
  readonly endsSubscriptions?: boolean;
  /** Refuses everything before AUTH. */
  readonly needsAuth?: boolean;
  /** Why it refuses an event. Default: it takes all. */
  readonly refuses?: (event: NostrEvent) => string | undefined;
}

/** One connection. */
interface Conversation {
  readonly socket: WebSocket;
  readonly challenge: string;
  readonly subscriptions: Map<string, ReqFilter>;
  readonly reconciliations: Map<string, Negentropy>;
  key: string | undefined;
}

const NO_LIMITS = { maxFilterValues: Infinity };

/** Keeps what it is given in memory. Checks nothing, replaces nothing. */
export class OtherRelay implements AsyncDisposable {
  readonly events = new Map<string, NostrEvent>();
  /** The keys that have authenticated. */
  readonly keys = new Set<string>();
  /** How often each verb came. */
  readonly heard: Record<string, number> = {};
  readonly #habits: OtherRelayHabits;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #conversations = new Set<Conversation>();
  #left: number;

  constructor(habits: OtherRelayHabits = {}, events: readonly NostrEvent[] = []) {
    this.#habits = habits;
    this.#left = habits.rateLimited ?? 0;
    for (const event of events) this.events.set(event.id, event);
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#converse(socket);
      return response;
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/`;
  }

  get connectionCount(): number {
    return this.#conversations.size;
  }

  /** Closes all connections. */
  cut(): void {
    for (const { socket } of this.#conversations) socket.close();
  }

  /** Takes an event as if a client had published it. */
  publish(event: NostrEvent): void {
    if (this.events.has(event.id)) return;
    this.events.set(event.id, event);
    for (const { socket, subscriptions } of this.#conversations) {
      for (const [id, filter] of subscriptions) {
        if (matches(filter, event)) say(socket, "EVENT", id, event);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#server.shutdown();
    // The runtime waits for the next message of a connection until it is closed.
    while (this.#conversations.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #converse(socket: WebSocket): void {
    const conversation: Conversation = {
      ...{ socket, challenge: crypto.randomUUID(), subscriptions: new Map(), key: undefined },
      reconciliations: new Map(),
    };
    this.#conversations.add(conversation);
    socket.onopen = () => {
      if (this.#habits.needsAuth) say(socket, "AUTH", conversation.challenge);
    };
    socket.onclose = () => this.#conversations.delete(conversation);
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data), conversation);
  }

  #hear([verb, ...rest]: readonly [string, ...never[]], conversation: Conversation): void {
    this.heard[verb] = (this.heard[verb] ?? 0) + 1;
    const { socket, subscriptions } = conversation;
    const isStranger = this.#habits.needsAuth === true && conversation.key === undefined;
    switch (verb) {
      case "EVENT":
        return this.#take(rest[0]!, socket, isStranger);
      case "AUTH":
        return this.#authenticate(rest[0]!, conversation);
      case "CLOSE":
        return void subscriptions.delete(rest[0]!);
      case "REQ":
        if (isStranger) return say(socket, "CLOSED", rest[0]!, "auth-required: who are you?");
        if (this.#isLimited()) return say(socket, "CLOSED", rest[0]!, "rate-limited: slow down");
        return this.#answer(rest[0]!, rest[1]!, conversation);
      case "NEG-OPEN":
        return this.#open(conversation, ...rest as unknown as [string, object, string]);
      case "NEG-MSG":
        return void this.#reconcile(conversation, rest[0]!, rest[1]!);
      case "NEG-CLOSE":
        return void conversation.reconciliations.delete(rest[0]!);
    }
  }

  #open({ socket, ...conversation }: Conversation, id: string, filterJson: object, hex: string) {
    const { negentropy = "notice" } = this.#habits;
    if (negentropy === "reconciles") {
      const filter = parseFilter(filterJson, NO_LIMITS);
      if ("prefix" in filter) return say(socket, "NEG-ERR", id, `invalid: ${filter.text}`);
      const storage = new NegentropyStorage();
      for (const event of this.events.values()) {
        if (matches(filter, event)) storage.insert(event.created_at, event.id);
      }
      storage.seal();
      conversation.reconciliations.set(id, new Negentropy(storage, 8_000));
      return void this.#reconcile({ socket, ...conversation }, id, hex);
    }
    if (negentropy === "notice") say(socket, "NOTICE", "ERROR: bad msg: negentropy disabled");
    if (negentropy === "error") say(socket, "NEG-ERR", id, "blocked: negentropy is disabled");
  }

  async #reconcile({ socket, reconciliations }: Conversation, id: string, hex: string) {
    const engine = reconciliations.get(id);
    if (engine === undefined) return say(socket, "NEG-ERR", id, "closed: unknown session");
    const { nextMessage } = await engine.reconcile(Uint8Array.fromHex(hex));
    say(socket, "NEG-MSG", id, (nextMessage ?? Uint8Array.of(0x61)).toHex());
  }

  #take(event: NostrEvent, socket: WebSocket, isStranger: boolean): void {
    const refusal = isStranger
      ? "auth-required: who are you?"
      : this.#isLimited()
      ? "rate-limited: slow down"
      : this.#habits.refuses?.(event);
    if (refusal === undefined) this.publish(event);
    say(socket, "OK", event.id, refusal === undefined, refusal ?? "");
  }

  #authenticate(event: NostrEvent, conversation: Conversation): void {
    const challenge = event.tags.find(([name]) => name === "challenge")?.[1];
    const isRight = event.kind === 22_242 && challenge === conversation.challenge;
    if (isRight) {
      conversation.key = event.pubkey;
      this.keys.add(event.pubkey);
    }
    say(conversation.socket, "OK", event.id, isRight, "");
  }

  #answer(id: string, filterJson: object, { socket, subscriptions }: Conversation): void {
    const filter = parseFilter(filterJson, NO_LIMITS);
    if ("prefix" in filter) return say(socket, "CLOSED", id, `invalid: ${filter.text}`);
    const { maxLimit = 500 } = this.#habits;
    const { limit = maxLimit, ...condition } = filter;
    const found = [...this.events.values()].filter((event) => matches(condition, event))
      .sort((one, other) => other.created_at - one.created_at || (one.id < other.id ? -1 : 1));
    for (const event of found.slice(0, Math.min(limit, maxLimit))) say(socket, "EVENT", id, event);
    say(socket, "EOSE", id);
    if (this.#habits.endsSubscriptions) say(socket, "CLOSED", id, "error: no live events here");
    else subscriptions.set(id, condition);
  }

  #isLimited(): boolean {
    if (this.#habits.rateLimited === undefined) return false;
    if (this.#left-- > 0) return true;
    this.#left = this.#habits.rateLimited;
    return false;
  }
}

function say(socket: WebSocket, ...message: readonly unknown[]): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}
