/**
 * Asks the store that another thread has.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { type QueryOptions, StoreUnavailable } from "../../store/event_store.ts";
import { unlessAborted } from "../../store/database/unless_aborted.ts";
import { whenReady } from "../../store/read/when_ready.ts";
import type { Frame, StoreLink, StreamName } from "../control/wire.ts";
import { StoreLine } from "./store_line.ts";
import {
  type MethodName,
  type News,
  pack,
  type Part,
  type Reply,
  type SentSource,
  type StoreAccess,
  unpack,
  withoutKeySets,
} from "./store_messages.ts";
import { errorReceived } from "./worker_calls.ts";

/** Something that was asked, and what has come of it. */
interface Pending {
  readonly options: QueryOptions;
  readonly replies: Reply[];
  /** Called when there is a reply. */
  wake: () => void;
  /** See {@link QueryOptions.onWork}. */
  work: { plan: string; databaseMs: number } | undefined;
}

/** All calls reject with {@link StoreUnavailable} after {@link close}, and as the store does. */
export class ThreadLink implements StoreLink {
  readonly #line: StoreLine;
  readonly #pending = new Map<number, Pending>();
  /** The numbers of connections. */
  readonly #connections = new WeakMap<object, number>();
  #connectionCount = 0;
  #lastId = 0;
  #isClosed = false;

  /** @param onNews takes what happens in the store, before what is found thereafter; it must not throw */
  constructor(access: StoreAccess, onNews: (news: News) => void) {
    this.#line = new StoreLine(access, (content) => {
      if ("id" in content) this.#onReply(content);
      else onNews(content);
    });
  }

  async call<Value>(
    method: MethodName,
    args: readonly unknown[],
    options: QueryOptions = {},
  ): Promise<Value> {
    const { id, pending } = this.#begin(options);
    try {
      const asked = { id, method, source: this.#sent(options.source) };
      if (method === "put") {
        const jsons = pack(args[0] as readonly Uint8Array[]);
        this.#line.send({ ...asked, type: "call", args: jsons }, jsons.bytes);
      } else this.#line.send({ ...asked, type: "call", args: withoutKeySets(args) });
      const reply = await this.#reply(pending);
      assert(reply.type === "value", "a call is answered by a value");
      // The thread is one of the same program.
      return reply.value as Value;
    } finally {
      this.#end(id, pending);
    }
  }

  async *ask(
    method: StreamName,
    args: readonly unknown[],
    options: QueryOptions = {},
  ): AsyncGenerator<Frame> {
    const { pieceBytes, source } = options;
    const piece = () => pieceBytes === undefined ? {} : { pieceBytes: pieceBytes() };
    const waiting = whenReady(options);
    if (waiting !== undefined) await waiting;
    const { id, pending } = this.#begin(options);
    try {
      const asked = { id, method, args: withoutKeySets(args), source: this.#sent(source) };
      this.#line.send({ ...asked, type: "ask", ...piece() });
      for (;;) {
        const reply = await this.#reply(pending);
        if (reply.type === "end") return;
        assert(reply.type === "part", "an answer comes in parts");
        if (reply.isLast) options.onLast?.();
        yield frameOf(reply.part);
        if (reply.isLast) continue;
        const waiting = whenReady(options);
        if (waiting !== undefined) await waiting;
        this.#line.send({ type: "more", id, ...piece() });
      }
    } finally {
      this.#end(id, pending);
    }
  }

  /** Takes what has happened in the store by now; false if that is not possible in this turn. */
  catchUp(): boolean {
    return this.#line.catchUp();
  }

  sendEphemeral(events: readonly Uint8Array[]): void {
    const jsons = pack(events);
    if (!this.#isClosed) this.#line.send({ type: "ephemeral", jsons }, jsons.bytes);
  }

  /** Says that so many bytes of news have been taken. */
  took(bytes: number): void {
    if (!this.#isClosed) this.#line.send({ type: "took", bytes });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#line.close();
    for (const { wake } of this.#pending.values()) wake();
  }

  #begin(options: QueryOptions): { readonly id: number; readonly pending: Pending } {
    options.signal?.throwIfAborted();
    if (this.#isClosed) throw closed();
    const id = ++this.#lastId;
    const pending: Pending = { options, replies: [], wake: () => {}, work: undefined };
    this.#pending.set(id, pending);
    return { id, pending };
  }

  /** The next reply. Rejects with the error that it is, and with the signal's reason. */
  async #reply(pending: Pending): Promise<Reply> {
    const { replies, options: { signal } } = pending;
    if (replies.length === 0 && !this.#isClosed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      pending.wake = resolve;
      await unlessAborted(promise, () => {}, signal);
    }
    signal?.throwIfAborted();
    const reply = replies.shift();
    if (reply === undefined) throw closed();
    if (reply.type === "failed") throw errorReceived(reply.error);
    return reply;
  }

  #onReply(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    noteProgress(pending, reply);
    pending.replies.push(reply);
    if (reply.type !== "part") this.#pending.delete(reply.id);
    pending.wake();
  }

  /** Tells the store where it need not go on. */
  #end(id: number, pending: Pending): void {
    const isOver = this.#pending.get(id) !== pending;
    this.#pending.delete(id);
    if (!isOver && !this.#isClosed) this.#line.send({ type: "cancel", id });
  }

  #sent(source: QueryOptions["source"]): SentSource | undefined {
    if (source === undefined) return undefined;
    const { client, connection: object } = source;
    const connection = this.#connections.get(object) ?? ++this.#connectionCount;
    this.#connections.set(object, connection);
    return { client, connection };
  }
}

function noteProgress(pending: Pending, { work, leftOut }: Reply): void {
  const { options } = pending;
  for (let left = 0; left < leftOut; left++) options.onLeftOut?.();
  if (work === undefined) return;
  if (pending.work !== undefined) return void Object.assign(pending.work, work);
  pending.work = { ...work };
  options.onWork?.(pending.work);
}

function frameOf(part: Part): Frame {
  if ("value" in part) return part;
  const jsons = unpack(part.jsons);
  return { events: part.heads.map((head, at) => ({ ...head, json: jsons[at]! })) };
}

function closed(): StoreUnavailable {
  return new StoreUnavailable("the store is closed");
}
