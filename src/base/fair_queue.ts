/**
 * A queue that is fair between clients: the backlog of one does not delay the first item of
 * another.
 *
 * @module
 */

/** On whose behalf an item is queued: a client and one of its connections. */
export interface Place {
  /** What groups the connections of one client: its network, or an object of its own. */
  readonly client: string | object;
  /** What identifies the connection. */
  readonly connection: string | object;
}

/** A {@link Place} whose client has a name. */
export interface Source {
  /** The client's network. */
  readonly client: string;
  /** An object that identifies the connection. */
  readonly connection: object;
}

/** The source of the relay itself and of imports. */
export const ownSource: Source = { client: "", connection: {} };

/** The items of one connection, or the connections of one client. */
interface Lane<T> {
  readonly items: T[];
  /** The index of the next item; the items before it have been taken. */
  next: number;
}

/**
 * Round-robin between clients, and between the connections of a client. A client with a thousand
 * waiting items delays another by one.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { FairQueue } from "./fair_queue.ts";
 *
 * const queue = new FairQueue<string>();
 * const [busy, quiet] = [{}, {}];
 * for (const item of ["a1", "a2", "a3"]) queue.push(item, { client: "a", connection: busy });
 * queue.push("b1", { client: "b", connection: quiet });
 * deepEqual([queue.shift(), queue.shift(), queue.shift()], ["a1", "b1", "a2"]);
 * ```
 */
export class FairQueue<T> {
  /** Client → connection → items, each in the order of turns. */
  readonly #clients = new Map<string | object, Map<string | object, Lane<T>>>();
  #size = 0;

  /** How many items wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item after the others of its connection. */
  push(item: T, { client, connection }: Place = ownSource): void {
    let lanes = this.#clients.get(client);
    if (lanes === undefined) this.#clients.set(client, lanes = new Map());
    const lane = lanes.get(connection);
    if (lane === undefined) lanes.set(connection, { items: [item], next: 0 });
    else lane.items.push(item);
    this.#size++;
  }

  /** Takes the next item; undefined if there is none. */
  shift(): T | undefined {
    for (const [client, lanes] of this.#clients) {
      // Moves the client to the end, if it has items left.
      this.#clients.delete(client);
      const item = takeTurn(lanes);
      if (lanes.size > 0) this.#clients.set(client, lanes);
      this.#size--;
      return item;
    }
    return undefined;
  }

  /** Removes a waiting item; false if it is not waiting. */
  delete(item: T, { client, connection }: Place = ownSource): boolean {
    const lanes = this.#clients.get(client);
    const lane = lanes?.get(connection);
    const at = lane?.items.indexOf(item, lane.next) ?? -1;
    if (lanes === undefined || lane === undefined || at < 0) return false;
    lane.items.splice(at, 1);
    if (lane.next === lane.items.length) lanes.delete(connection);
    if (lanes.size === 0) this.#clients.delete(client);
    this.#size--;
    return true;
  }

  /** Takes all waiting items, in turn. */
  clear(): readonly T[] {
    const items: T[] = [];
    while (this.#size > 0) items.push(this.shift()!);
    return items;
  }
}

function takeTurn<T>(lanes: Map<string | object, Lane<T>>): T {
  const [connection, lane] = lanes.entries().next().value!;
  lanes.delete(connection);
  const item = lane.items[lane.next++]!;
  if (lane.next < lane.items.length) {
    // Frees taken items before they outnumber the others.
    if (lane.next * 2 > lane.items.length) {
      lane.items.splice(0, lane.next);
      lane.next = 0;
    }
    lanes.set(connection, lane);
  }
  return item;
}
