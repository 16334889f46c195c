/**
 * Remembers what was deleted lately. An event that is on its way here, from the database or from
 * another instance, may have been read before it was deleted.
 *
 * @module
 */

import type { LateEvent } from "../event_store.ts";
import { OPERATOR, Tombstones } from "../write/tombstones.ts";

/** How many tombstones a generation has. */
const GENERATION = 10_000;

/** Two generations of tombstones: when the newer one is full, the older one is dropped. */
export class LatelyDeleted {
  #newer = new Tombstones();
  #older = new Tombstones();
  #count = 0;
  #generation = 0;

  /** Which generation is the newer one. What was noted in one is known until the end of the next. */
  get generation(): number {
    return this.#generation;
  }

  /** Notes what a request to delete or to vanish asks for. */
  note(request: LateEvent): void {
    this.#makeRoom(1 + request.tags.length);
    this.#newer.noteDeletion(request);
  }

  /** Notes that a deleted version takes all older ones with it. */
  closeUpTo(version: LateEvent): void {
    this.#makeRoom(1);
    this.#newer.closeUpTo(version);
  }

  /** Notes that the operator deleted an event. */
  erase(id: string): void {
    this.#makeRoom(1);
    this.#newer.delete(id, OPERATOR);
  }

  /** Notes that what the operator deleted may come again. */
  restore(ids: readonly string[]): void {
    this.#newer.restore(ids);
    this.#older.restore(ids);
  }

  /** Whether the event has been deleted. */
  covers(event: LateEvent): boolean {
    return this.#newer.covers(event) || this.#older.covers(event);
  }

  #makeRoom(count: number): void {
    if (this.#count >= GENERATION) {
      this.#generation++;
      this.#count = 0;
      this.#older = this.#newer;
      this.#newer = new Tombstones();
    }
    this.#count += count;
  }
}
