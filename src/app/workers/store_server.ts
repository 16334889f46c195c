/**
 * Lends the store of this thread to the threads of the relay.
 *
 * An embedded database, and a store in memory, belong to one thread. The others ask it through ports, see
 * `thread_store.ts`. Each is told what all of them store, and what they change, before the answer to
 * whoever did so: then it has been sent to every thread when a client gets its OK.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type {
  EventRecord,
  ItemsOptions,
  QueryOptions,
  TimeRange,
} from "../../store/event_store.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { call, changesRules, frames, recordsOf } from "../control/lent_store.ts";
import {
  type News,
  pack,
  type Packed,
  type ToStore,
  unpack,
  withKeySets,
} from "./store_messages.ts";
import { type Asked, StoreSeat } from "./store_seat.ts";
import { errorToSend } from "./worker_calls.ts";

type Call = ToStore & { readonly type: "call" };
type Ask = ToStore & { readonly type: "ask" };

/** A store that other threads ask. */
export class StoreServer {
  readonly #store: TidyStore;
  readonly #seats = new Set<StoreSeat>();
  /** Called when a thread has taken something or is gone. */
  readonly #waiting = new Set<() => void>();

  constructor(store: TidyStore) {
    this.#store = store;
  }

  /** Lends the store, which is closed with the server. */
  static async start(
    store: TidyStore,
    ports: { readonly clock: Clock; readonly log: Log },
  ): Promise<StoreServer> {
    const server = new StoreServer(store);
    store.feed.subscribe((records) => {
      for (const seat of server.#seats) seat.tell(records);
    });
    await store.feed.start({
      ...ports,
      onErased: (erasure) => server.#tell({ type: "erased", erasure }, server.#seats),
      onRestored: (ids) => server.#tell({ type: "restored", ids }, server.#seats),
    });
    return server;
  }

  /** Makes a place for a thread, which is to be given its `access`. */
  connect(): StoreSeat {
    const seat: StoreSeat = new StoreSeat(
      this.#store.slices !== undefined,
      (message) => this.#onMessage(seat, message),
    );
    this.#seats.add(seat);
    return seat;
  }

  /** The thread has ended. What it was storing is stored. */
  disconnect(seat: StoreSeat): void {
    this.#seats.delete(seat);
    seat.end();
    this.#wakeAll();
  }

  async close(): Promise<void> {
    for (const seat of this.#seats) this.disconnect(seat);
    await this.#store.close();
  }

  #onMessage(seat: StoreSeat, message: ToStore): void {
    switch (message.type) {
      case "call":
        return void this.#answerCall(seat, message);
      case "ask":
        return void this.#answer(seat, message);
      case "more":
        return seat.asked(message.id)?.more(message.pieceBytes);
      case "cancel":
        return seat.asked(message.id)?.cancel();
      case "took":
        seat.noteTaken(message.bytes);
        return this.#wakeAll();
      case "ephemeral":
        for (const other of this.#others(seat)) other.tellTexts("ephemeral", message.jsons);
    }
  }

  async #answerCall(seat: StoreSeat, message: Call): Promise<void> {
    const asked = seat.begin(message.id);
    try {
      const value = await this.#carryOut(seat, message, asked.reading(message.source));
      asked.sendLast({ type: "value", value });
    } catch (error) {
      asked.sendLast({ type: "failed", error: errorToSend(error) });
    }
  }

  async #answer(seat: StoreSeat, message: Ask): Promise<void> {
    const { id, method, source, pieceBytes } = message;
    const asked: Asked = seat.begin(id);
    asked.more(pieceBytes);
    try {
      // The arguments are those of a thread of this program.
      const args = withKeySets(message.args) as readonly unknown[];
      const question = { args, reading: asked.reading(source) };
      for await (const frame of frames(this.#store, method, question)) await asked.sendPart(frame);
      asked.sendLast({ type: "end" });
    } catch (error) {
      asked.sendLast({ type: "failed", error: errorToSend(error) });
    }
  }

  async #carryOut(seat: StoreSeat, message: Call, reading: QueryOptions): Promise<unknown> {
    const { method } = message;
    if (method === "hear") return void (seat.hears = true);
    if (method === "put") return await this.#put(seat, message.args as Packed);
    const args = withKeySets(message.args) as readonly unknown[];
    if (method === "slicesOf") {
      const [filter, asked] = args as [ReqFilter, QueryOptions];
      return (await this.#store.slices?.of(filter, { ...asked, ...reading }))?.numbers;
    }
    if (method === "itemsIn") {
      const [filter, ranges, asked] = args as [ReqFilter, TimeRange[], ItemsOptions];
      const sets = await this.#store.slices!.itemsIn(filter, ranges, { ...asked, ...reading });
      return sets.map((set) => set?.columns);
    }
    if (method === "tendSlices") return await this.#store.slices?.tend() ?? false;
    const value = await call(this.#store, method, { args, reading });
    if (method === "rewrite" && value === "deleted") {
      this.#tellLate(seat, recordsOf([args[1] as Uint8Array]));
    }
    if (method === "remove") {
      const erasure = { ids: args[0] as readonly string[], isRemembered: false };
      this.#tell({ type: "erased", erasure }, this.#others(seat));
    }
    if (changesRules(method)) this.#tell({ type: "rules" }, this.#others(seat));
    return value;
  }

  async #put(seat: StoreSeat, jsons: Packed): Promise<unknown> {
    const batch = recordsOf(unpack(jsons));
    while (this.#isAnyBehind()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    const outcomes = await seat.whilePutting(batch, () => this.#store.put(batch));
    this.#tellLate(seat, batch.filter((_, at) => outcomes[at] === "deleted"));
    return outcomes;
  }

  #isAnyBehind(): boolean {
    for (const seat of this.#seats) if (seat.isBehind) return true;
    return false;
  }

  /** Tells others of events that came after their deletion; who put them knows. */
  #tellLate(seat: StoreSeat, records: readonly EventRecord[]): void {
    if (records.length === 0) return;
    const jsons = pack(records.map(({ json }) => json));
    for (const other of this.#others(seat)) other.tellTexts("late", jsons);
  }

  #tell(news: News, seats: Iterable<StoreSeat>): void {
    for (const seat of seats) seat.tellNews(news);
  }

  #others(seat: StoreSeat): Iterable<StoreSeat> {
    return this.#seats.values().filter((other) => other !== seat);
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
