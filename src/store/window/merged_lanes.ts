/**
 * The events of several lanes in one order.
 *
 * @module
 */

import type { EventTable } from "./event_table.ts";
import type { Piece } from "./long_list.ts";
import { NONE } from "./typed_arrays.ts";

/** Bounds in seconds since 1970, inclusive. */
export interface Period {
  readonly since: number;
  readonly until: number;
}

/** Gives events one by one, in the order of answers. The table must not change meanwhile. */
export interface Events {
  /** The slot of the next event, maybe the same again; {@link NONE} when there are no more. */
  next(): number;
}

/** The events of some lanes. One that stands in several of them comes several times in a row. */
export function eventsIn(table: EventTable, lanes: readonly number[], period: Period): Events {
  return lanes.length === 1
    ? new OneLane(table, lanes[0]!, period)
    : new MergedLanes(table, lanes, period);
}

/** A lane that is gone through from the newest event to the oldest. */
class OneLane implements Events {
  readonly #table: EventTable;
  readonly #since: number;
  readonly #pieces: readonly Piece[];
  #number: number;
  #piece: Piece;
  #place: number;

  constructor(table: EventTable, lane: number, { since, until }: Period) {
    this.#table = table;
    this.#since = since;
    this.#pieces = table.lanes.entries.piecesOf(lane);
    this.#number = lastUntil(until, table, this.#pieces);
    this.#piece = this.#pieces[this.#number]!;
    this.#place = placeAfter(until, table, this.#piece);
  }

  next(): number {
    if (this.#place === this.#piece.start) {
      if (this.#number === 0) return NONE;
      this.#piece = this.#pieces[--this.#number]!;
      this.#place = this.#piece.end;
    }
    const slot = this.#piece.entries[--this.#place]!;
    return this.#table.createdAtOf(slot) < this.#since ? NONE : slot;
  }
}

/** The number of the last piece that begins with an event that is not newer than `until`; else 0. */
function lastUntil(until: number, table: EventTable, pieces: readonly Piece[]): number {
  if (until === Infinity) return pieces.length - 1;
  let [low, high] = [1, pieces.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { entries, start } = pieces[middle]!;
    if (table.createdAtOf(entries[start]!) <= until) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where in a piece the events begin that are newer than `until`. */
function placeAfter(until: number, table: EventTable, { entries, start, end }: Piece): number {
  if (until === Infinity || table.createdAtOf(entries[end - 1]!) <= until) return end;
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (table.createdAtOf(entries[middle]!) <= until) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The next event of a lane that is merged with others. */
interface Head {
  readonly lane: OneLane;
  slot: number;
  createdAt: number;
}

/** Several lanes in one order: a binary heap of their next events. */
class MergedLanes implements Events {
  readonly #table: EventTable;
  readonly #heap: Head[] = [];

  constructor(table: EventTable, lanes: readonly number[], period: Period) {
    this.#table = table;
    for (const number of lanes) {
      const lane = new OneLane(table, number, period);
      const slot = lane.next();
      if (slot !== NONE) this.#heap.push({ lane, slot, createdAt: table.createdAtOf(slot) });
    }
    for (let at = (this.#heap.length >>> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  next(): number {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return NONE;
    const { slot } = first;
    first.slot = first.lane.next();
    if (first.slot !== NONE) first.createdAt = this.#table.createdAtOf(first.slot);
    else {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    if (heap.length > 1) this.#sink(0);
    return slot;
  }

  /** Lets an item of the heap sink to where it belongs. */
  #sink(from: number): void {
    const heap = this.#heap;
    const item = heap[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#isBefore(heap[child]!, item)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  }

  #isBefore(a: Head, b: Head): boolean {
    if (a.createdAt !== b.createdAt) return a.createdAt > b.createdAt;
    return this.#table.compare(a.slot, b.slot) < 0;
  }
}
