/**
 * A group of connections that can be replaced by a new one.
 *
 * @module
 */

/** Connections as a driver groups them. */
export interface Group {
  /** Lets what runs come to its end, for so many seconds, and disconnects. Idempotent. */
  end(options: { readonly timeout: number }): Promise<void>;
}

/**
 * How long what runs on the connections of a group has after the group was replaced or closed, seconds. The
 * driver waits as long for a connection that was lost in the midst of a statement.
 */
const ENDING_SECONDS = 2;

/**
 * A group of connections, and after the loss of one of them another group. The driver connects again by
 * itself, but a connection that it lost in the midst of a statement no longer hears when the server refuses
 * it: it tries without pause, and its next statement waits until the server is back.
 *
 * @see https://github.com/porsager/postgres/issues/1193
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { Renewable } from "./renewable.ts";
 *
 * const groups = new Renewable(() => ({ end: () => Promise.resolve() }));
 * const first = groups.current;
 * groups.lost(first);
 * equal(groups.current === first, false);
 * await groups.end();
 * ```
 */
export class Renewable<Connections extends Group> {
  readonly #connect: () => Connections;
  readonly #ending = new Set<Promise<void>>();
  #current: Connections;
  #isOver = false;

  constructor(connect: () => Connections) {
    this.#connect = connect;
    this.#current = connect();
  }

  /** Those to use now. */
  get current(): Connections {
    return this.#current;
  }

  /** Replaces the group that lost a connection, once. */
  lost(group: Connections): void {
    if (this.#isOver || group !== this.#current) return;
    this.#current = this.#connect();
    const ending = group.end({ timeout: ENDING_SECONDS }).finally(() =>
      this.#ending.delete(ending)
    );
    this.#ending.add(ending);
  }

  /** Disconnects all that there are. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#ending, this.#current.end({ timeout: ENDING_SECONDS })]);
  }
}
