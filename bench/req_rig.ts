/**
 * A relay in this process and a client of it, without sockets: for measuring what an answer costs the
 * relay's thread, from the bytes of a frame to the bytes of frames. All policies are there as the
 * settings have them by default; only the rates are higher.
 *
 * @module
 */

import { silentLog } from "../src/base/log.ts";
import { utf8 } from "../src/base/bytes.ts";
import type { NostrEvent } from "../src/nostr/event.ts";
import { RelayHost } from "../src/app/relay_host.ts";
import { listenLimits, paceLimits, unreadLimits } from "../src/app/network/network_options.ts";
import { defaultSettings, type Settings } from "../src/app/settings/setting_list.ts";
import { systemClock } from "../src/app/system/system_clock.ts";
import { systemRandom } from "../src/app/system/system_random.ts";
import { Connection } from "../src/net/connection.ts";
import type { ByteStream } from "../src/net/byte_stream.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { BufferPool } from "../src/websocket/buffer_pool.ts";
import { Opcode } from "../src/websocket/frame.ts";
import { Protocol } from "../src/websocket/protocol.ts";
import { generateEvents } from "../tests/kit/event_generator.ts";
import { recordOf } from "../tests/kit/records.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { filterShapes, type WireFilter } from "./load/corpus.ts";

/** How many events the window holds, about: some that are generated are replaced by others. */
const EVENTS = 50_000;
const AUTHORS = 2_000;
const QUESTIONS = 200;

/** The address of a client that has rates, unlike this machine. */
const ADDRESS = "203.0.113.7";

const SUBSCRIPTION = "sub";

/** No turn of promises of an answer from memory comes after this many. */
const MOST_TURNS = 10_000;

/** Frames to send, each with one REQ, by what they ask for. */
export type Questions = Readonly<Record<string, readonly Uint8Array[]>>;

/** A relay, a client, and what it asks. */
export interface Rig {
  readonly client: MeasuredClient;
  readonly questions: Questions;
}

/** Starts a relay in memory with the mixed events of a public relay. */
export async function openRig(): Promise<Rig> {
  const random = new SeededRandom(1);
  const store = new MemoryStore(systemClock);
  const startTime = Math.floor(Date.now() / 1_000) - 10 * EVENTS;
  const events = generateEvents(random, EVENTS, { authors: AUTHORS, startTime });
  await store.put(events.map(recordOf));
  const settings = highRates(defaultSettings);
  const host = await RelayHost.start({ settings, store, clock: systemClock, log: silentLog });
  while (host.window!.horizon > 0) await macrotask();
  const stored: NostrEvent[] = [];
  for await (const rows of store.query([{ tags: new Map() }])) {
    for (const { json } of rows) stored.push(JSON.parse(new TextDecoder().decode(json)));
  }
  return { client: new MeasuredClient(host, settings), questions: questionsOf(random, stored) };
}

/** Answers come from memory within a second; a client of the real world is slower. */
function highRates(settings: Settings): Settings {
  return {
    ...settings,
    database: { ...settings.database, url: "memory:" },
    signatures: { ...settings.signatures, workers: 0 },
    limits: {
      ...settings.limits,
      message_rate: 1e6,
      message_burst: 1e6,
      byte_rate: 1e9,
      burst_bytes: 1e9,
      client_req_rate: 1e6,
      client_req_burst: 1e6,
    },
  };
}

function questionsOf(random: SeededRandom, events: readonly NostrEvent[]): Questions {
  const isPublic = ({ kind }: NostrEvent) => kind !== 4 && kind !== 1059;
  const ids = events.filter(isPublic).map(({ id }) => id);
  const shapes = filterShapes(random, events);
  const feed = shapes["a feed of 200 authors"]!;
  const draws: Readonly<Record<string, () => WireFilter>> = {
    "an id": () => ({ ids: [random.pick(ids)] }),
    "35 notes": () => ({ kinds: [1], limit: 35 }),
    ...shapes,
    "a feed of 200 authors, limit 500": () => ({ ...feed(), limit: 500 }),
  };
  return Object.fromEntries(
    Object.entries(draws).map(([name, draw]) => [
      name,
      Array.from({ length: QUESTIONS }, () => maskedText(requestOf(draw()))),
    ]),
  );
}

function requestOf(filter: WireFilter): string {
  return JSON.stringify(["REQ", SUBSCRIPTION, filter]);
}

/** A text as a client sends it. */
function maskedText(text: string): Uint8Array {
  const client = new Protocol({ role: "client", maxMessageBytes: 1e6, random: systemRandom });
  client.sendText(text);
  return client.takeOutput()!.slice();
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A client that reads everything at once and answers pings. */
export class MeasuredClient {
  readonly #socket = new FakeSocket();

  constructor(host: RelayHost, settings: Settings) {
    const limits = listenLimits(settings);
    const protocol = new Protocol({ role: "server", ...limits, pool: new BufferPool() });
    const connection = new Connection({
      socket: this.#socket,
      protocol,
      address: ADDRESS,
      clock: systemClock,
      log: silentLog,
      limits,
      pace: paceLimits(settings),
      unread: { ...unreadLimits(settings), random: systemRandom },
    });
    host.connections.accept(connection, { url: "ws://relay.example/", userAgent: "bench" });
  }

  /** Bytes and frames that came since the start. */
  get received(): { readonly bytes: number; readonly writes: number } {
    return { bytes: this.#socket.bytes, writes: this.#socket.writes };
  }

  /** Resolves in another round of the event loop, in which a socket would be read from again. */
  ready(): Promise<void> {
    return new Promise((resolve) => void setImmediate(resolve));
  }

  /** Sends one REQ, and resolves when its EOSE is written. */
  async ask(frame: Uint8Array): Promise<void> {
    const socket = this.#socket;
    socket.isAnswered = false;
    // Unmasking is done in place.
    socket.receive(frame.slice());
    for (let turns = 0; !socket.isAnswered; turns++) {
      if (turns > MOST_TURNS) throw new Error("no EOSE");
      await undefined;
    }
  }
}

/** Takes what is written, and looks for an EOSE and for pings at its end. */
class FakeSocket implements ByteStream {
  readonly writableLength = 0;
  readonly writable = true;
  readonly destroyed = false;
  isAnswered = false;
  bytes = 0;
  writes = 0;
  #onData: (bytes: Uint8Array) => void = () => {};

  receive(bytes: Uint8Array): void {
    this.#onData(bytes);
  }

  write(bytes: Uint8Array, written?: () => void): boolean {
    this.bytes += bytes.length;
    this.writes++;
    const ping = bytes.subarray(-PING_BYTES);
    const hasPing = ping[0] === (0x80 | Opcode.ping) && ping[1] === PING_BYTES - 2;
    const end = hasPing ? bytes.length - PING_BYTES : bytes.length;
    this.isAnswered ||= EOSE_ENDS.some((eose) => endsWith(bytes, end, eose));
    if (written !== undefined) queueMicrotask(written);
    // A masking key of zeros leaves the payload as it is.
    if (hasPing) {
      const pong = new Uint8Array([0x8a, 0x84, 0, 0, 0, 0, ...ping.subarray(2)]);
      setImmediate(() => this.#onData(pong));
    }
    return true;
  }

  on(event: string, listener: (...values: never[]) => void): void {
    if (event === "data") this.#onData = listener as (bytes: Uint8Array) => void;
  }

  off(): void {}
  end(): void {}
  destroy(): void {}
  pause(): void {}
  resume(): void {}
}

/** A probe of `unread_window.ts`. */
const PING_BYTES = 6;

/** The last bytes of an EOSE, with and without what NIP-67 adds. */
const EOSE_ENDS = [`["EOSE","${SUBSCRIPTION}"]`, `["EOSE","${SUBSCRIPTION}",["finish"]]`].map(utf8);

function endsWith(bytes: Uint8Array, end: number, part: Uint8Array): boolean {
  const start = end - part.length;
  return start >= 0 && part.every((byte, at) => bytes[start + at] === byte);
}
