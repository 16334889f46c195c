/**
 * One thread that asks the store: what it has asked, and how far it is behind.
 *
 * @module
 */

import { LruMap } from "../../base/lru_map.ts";
import type {
  DatabaseWork,
  EventRecord,
  QueryOptions,
  ToldRecord,
} from "../../store/event_store.ts";
import type { Frame } from "../control/wire.ts";
import {
  type FromStore,
  type News,
  pack,
  type Packed,
  type Part,
  type Reply,
  type SentSource,
  type StoreAccess,
  type ToStore,
} from "./store_messages.ts";

/** Of so many connections, those that asked last, a database remembers what they have used. */
const MAX_CONNECTIONS = 10_000;

/**
 * A thread that has so many bytes of news to take is behind: nothing is stored until it has taken some,
 * and ephemeral events are not sent to it.
 */
const MAX_BEHIND_BYTES = 33_554_432;

/** The thread that has the store sees a thread that asks it as this. */
export class StoreSeat {
  /** What the thread is given. */
  readonly access: StoreAccess;
  /** Whether it is told what others store. */
  hears = false;
  readonly #port: MessagePort;
  readonly #asked = new Map<number, Asked>();
  /** The ids of the events that it is storing. */
  readonly #putting = new Set<ReadonlySet<string>>();
  readonly #connections = new LruMap<number, object>(MAX_CONNECTIONS);
  #sentCount = 0;
  #behindBytes = 0;

  /** @param onMessage takes what the thread asks; it must not throw */
  constructor(hasSlices: boolean, onMessage: (message: ToStore) => void) {
    const { port1, port2 } = new MessageChannel();
    const sent = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    this.access = { port: port2, sent, hasSlices };
    this.#port = port1;
    this.#port.onmessage = ({ data }: MessageEvent<ToStore>) => onMessage(data);
  }

  get isBehind(): boolean {
    return this.#behindBytes > MAX_BEHIND_BYTES;
  }

  /** Counts what the thread has taken. */
  noteTaken(bytes: number): void {
    this.#behindBytes -= bytes;
  }

  /** Begins to answer what was asked under this number. */
  begin(id: number): Asked {
    const asked = new Asked(this, id);
    this.#asked.set(id, asked);
    return asked;
  }

  /** What was asked under this number and is not answered yet. */
  asked(id: number): Asked | undefined {
    return this.#asked.get(id);
  }

  forget(id: number): void {
    this.#asked.delete(id);
  }

  /** Does `work`, which stores `batch` for the thread. */
  async whilePutting<T>(batch: readonly EventRecord[], work: () => Promise<T>): Promise<T> {
    const ids = new Set(batch.map(({ event }) => event.id));
    this.#putting.add(ids);
    try {
      return await work();
    } finally {
      this.#putting.delete(ids);
    }
  }

  /** Tells the thread what was stored. Of its own events it has the JSON. */
  tell(records: readonly ToldRecord[]): void {
    const heard = records.filter(({ event }) => this.hears || this.#isPutting(event.id));
    if (heard.length === 0) return;
    const isOwn = heard.map(({ event }) => this.#isPutting(event.id));
    const jsons = pack(heard.filter((_, at) => !isOwn[at]).map(({ json }) => json));
    const events = heard.map(({ seq, event }, at) => ({
      seq,
      own: isOwn[at] ? event.id : undefined,
    }));
    this.#behindBytes += jsons.bytes.length;
    this.send({ type: "told", events, jsons }, jsons);
  }

  /** Tells of events that were not stored. Ephemeral ones may be lost. */
  tellTexts(type: "ephemeral" | "late", { bytes, lengths }: Packed): void {
    if (!this.hears || type === "ephemeral" && this.isBehind) return;
    // Each thread is given bytes of its own.
    const jsons = { bytes: bytes.slice(), lengths };
    this.#behindBytes += jsons.bytes.length;
    this.send({ type, jsons }, jsons);
  }

  /** Tells of a change, if the thread wants to know. */
  tellNews(news: News): void {
    if (this.hears) this.send(news);
  }

  /** Sends a message. `bytes` is what of it is moved. */
  send(content: News | Reply, bytes?: Packed): void {
    const number = (this.#sentCount + 1) | 0;
    this.#sentCount = number;
    const message: FromStore = { number, content };
    this.#port.postMessage(message, bytes === undefined ? [] : [bytes.bytes.buffer]);
    // Afterwards: who reads the number finds the message.
    Atomics.store(this.access.sent, 0, number);
  }

  /** The client and connection that the thread asks for. */
  sourceOf(sent: SentSource | undefined): Pick<QueryOptions, "source"> {
    if (sent === undefined) return {};
    const { client, connection: number } = sent;
    const connection = this.#connections.get(number) ?? {};
    this.#connections.set(number, connection);
    return { source: { client, connection } };
  }

  /** Ends all that the thread has asked. */
  end(): void {
    this.hears = false;
    this.#behindBytes = 0;
    this.#port.close();
    for (const asked of this.#asked.values()) asked.cancel();
  }

  #isPutting(id: string): boolean {
    for (const ids of this.#putting) if (ids.has(id)) return true;
    return false;
  }
}

/** Something that was asked. */
export class Asked {
  readonly #seat: StoreSeat;
  readonly #id: number;
  readonly #cancelled = new AbortController();
  #pieceBytes: number | undefined = undefined;
  /** Called when the next piece may be read. */
  #goOn: (() => void) | undefined = undefined;
  #isLast = false;
  #leftOut = 0;
  #work: DatabaseWork | undefined = undefined;

  constructor(seat: StoreSeat, id: number) {
    this.#seat = seat;
    this.#id = id;
  }

  /** How the store is to answer, on behalf of `source`. */
  reading(source: SentSource | undefined): QueryOptions {
    return {
      ...this.#seat.sourceOf(source),
      signal: this.#cancelled.signal,
      ...this.#pieceBytes !== undefined && { pieceBytes: () => this.#pieceBytes! },
      onLast: () => void (this.#isLast = true),
      onLeftOut: () => void this.#leftOut++,
      onWork: (work) => void (this.#work = work),
    };
  }

  /** About so many bytes are wanted next. */
  more(pieceBytes: number | undefined): void {
    this.#pieceBytes = pieceBytes;
    this.#goOn?.();
  }

  cancel(): void {
    this.#cancelled.abort();
    this.#goOn?.();
  }

  /**
   * Sends a part. Resolves when the thread wants more: at once, if it is known that there is none. Rejects
   * when it wants no more.
   */
  async sendPart(frame: Frame): Promise<void> {
    this.#cancelled.signal.throwIfAborted();
    const part = partOf(frame);
    const reply = { type: "part" as const, part, isLast: this.#isLast };
    this.#send(reply, "jsons" in part ? part.jsons : undefined);
    if (this.#isLast) return;
    await new Promise<void>((resolve) => this.#goOn = resolve);
    this.#cancelled.signal.throwIfAborted();
  }

  /** Sends the last reply, unless nobody waits for it any more. */
  sendLast(reply: ReplyOf<"value"> | ReplyOf<"end"> | ReplyOf<"failed">): void {
    this.#seat.forget(this.#id);
    if (!this.#cancelled.signal.aborted) this.#send(reply);
  }

  #send(reply: ReplyOf<Reply["type"]>, bytes?: Packed): void {
    const work = this.#work && { plan: this.#work.plan, databaseMs: this.#work.databaseMs };
    this.#seat.send({ ...reply, id: this.#id, work, leftOut: this.#leftOut }, bytes);
    this.#leftOut = 0;
  }
}

/** A reply of this type without what every reply has. */
type ReplyOf<Type extends Reply["type"]> = Type extends unknown
  ? Omit<Extract<Reply, { readonly type: Type }>, "id" | "work" | "leftOut">
  : never;

function partOf(frame: Frame): Part {
  if (!("events" in frame)) return { value: "value" in frame ? frame.value : undefined };
  const heads = frame.events.map(({ seq, id, createdAt }) => ({ seq, id, createdAt }));
  return { heads, jsons: pack(frame.events.map(({ json }) => json)) };
}
