/**
 * Conversations over a real socket: the relay as it is served, `ws` as the client.
 *
 * @module
 */

import WebSocket from "ws";
import { RelayHost } from "../../src/app/relay_host.ts";
import { defaultSettings } from "../../src/app/settings/setting_list.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { silentLog } from "../../src/base/log.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { testLimits } from "../kit/limits.ts";
import type { Exchange, Heard, Line } from "./conversation.ts";

/** A request that nothing but its own EOSE answers: what comes before it is all there was. */
const LAST_REQUEST = '["REQ","last word",{"limit":0}]';
const LAST_WORD = '["EOSE","last word"]';
/** The same where the connection has no subscription left to give. */
const LAST_REFUSAL = '["CLOSED","last word"';

/** A relay of its own for each conversation, with the limits of the tests. */
export class SocketExchange implements Exchange {
  readonly #host: RelayHost;
  readonly url: string;
  readonly #lines: SocketLine[] = [];

  constructor(host: RelayHost, url: string) {
    this.#host = host;
    this.url = url;
  }

  static async open(
    { store = new MemoryStore(systemClock), cache = defaultSettings.cache }: {
      readonly store?: TidyStore;
      readonly cache?: typeof defaultSettings.cache;
    } = {},
  ): Promise<SocketExchange> {
    const host = await RelayHost.start({
      settings: {
        ...defaultSettings,
        cache,
        relay: { ...defaultSettings.relay, url: "wss://relay.example" },
        signatures: { engine: "noble", library: "", workers: 0 },
        limits: {
          ...defaultSettings.limits,
          max_subscriptions: testLimits.maxSubscriptions,
          max_filters: testLimits.maxFilters,
          max_sync_events: testLimits.maxSyncEvents,
          max_total_sync_events: testLimits.maxTotalSyncEvents,
          max_sync_sessions: testLimits.maxSyncSessions,
          max_authenticated_keys: testLimits.maxAuthenticatedKeys,
        },
        access: { ...defaultSettings.access, challenge_on_connect: false },
        filters: { and_tags: testLimits.andTags },
        search: { ...defaultSettings.search, enabled: true, max_length: 100 },
      },
      store,
      clock: systemClock,
      log: silentLog,
    });
    return new SocketExchange(host, await host.listen("127.0.0.1:0"));
  }

  nowS(): number {
    return Date.now() / 1_000;
  }

  async connect(): Promise<Line> {
    const line = new SocketLine(new WebSocket(this.url, { perMessageDeflate: false }));
    this.#lines.push(line);
    await line.opened;
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) line.hangUp();
    await Promise.all(this.#lines.map(({ closed }) => closed));
    await this.#host.close();
  }
}

/** One connection of `ws`. */
export class SocketLine implements Line {
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #silenceMs: number | undefined;
  readonly #heard: Heard[] = [];
  #wake: () => void = () => {};

  /** @param silenceMs how long an answer is waited for; without limit if not given */
  constructor(socket: WebSocket, silenceMs?: number) {
    this.#socket = socket;
    this.#silenceMs = silenceMs;
    this.opened = new Promise((resolve, reject) => {
      socket.once("open", () => resolve());
      socket.once("error", reject);
    });
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("message", (data: Uint8Array) => this.#hear({ text: data.toString() }));
    socket.on("close", (code: number) => this.#hear({ closeCode: code }));
  }

  say(text: string): void {
    this.#socket.send(text);
  }

  async hear(): Promise<Heard> {
    const timer = this.#silenceMs === undefined ? undefined : setTimeout(() => {
      this.#hear({ text: '"nothing"' });
    }, this.#silenceMs);
    while (this.#heard.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    clearTimeout(timer);
    return this.#heard.shift()!;
  }

  async settle(): Promise<readonly Heard[]> {
    if (this.#socket.readyState !== WebSocket.OPEN) return this.#heard.splice(0);
    this.say(LAST_REQUEST);
    const unexpected: Heard[] = [];
    for (;;) {
      const heard = await this.hear();
      const text = "text" in heard ? heard.text : "";
      if (text === LAST_WORD || text.startsWith(LAST_REFUSAL)) return unexpected;
      unexpected.push(heard);
      if (text === '"nothing"' || "closeCode" in heard) return unexpected;
    }
  }

  hangUp(): void {
    this.#socket.close(1000);
  }

  #hear(heard: Heard): void {
    this.#heard.push(heard);
    this.#wake();
  }
}
