/**
 * A pool of connections to a Postgres server for one purpose.
 *
 * @module
 */

import { StoreUnavailable } from "../event_store.ts";
import type { DriverPool, PostgresLink } from "./postgres_link.ts";

/**
 * Lends each connection to one caller at a time, and opens new ones on demand. Callers limit how
 * many are in use.
 *
 * A lost connection is never lent again, nor are those that were idle when it was lost: they were
 * probably lost by the same cause, and each would cost a caller a timeout to find out.
 */
export class ReconnectingPool<Pool extends DriverPool> {
  readonly #open: () => PostgresLink<Pool>;
  /**
   * The most recently used is last: all are used in turn, so that none stays dead unnoticed for
   * long.
   */
  #idle: PostgresLink<Pool>[] = [];
  readonly #lent = new Set<PostgresLink<Pool>>();
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(open: () => PostgresLink<Pool>) {
    this.#open = open;
  }

  /** Returns the connection that has been idle for longest, or a new one. */
  acquire(): PostgresLink<Pool> {
    if (this.#isClosed) throw new StoreUnavailable("the database is closed");
    const link = this.#idle.shift() ?? this.#open();
    this.#lent.add(link);
    return link;
  }

  /** Call once for each connection acquired. */
  release(link: PostgresLink<Pool>): void {
    this.#lent.delete(link);
    if (link.isLost) this.endIdle();
    else if (this.#isClosed) this.#end(link);
    else this.#idle.push(link);
  }

  /** Closes idle connections, and drops those in use. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.endIdle();
    for (const link of this.#lent) link.drop("the database is closed");
    await Promise.all(this.#ending);
  }

  /** Closes idle connections, which may have been lost together with another one. */
  endIdle(): void {
    for (const link of this.#idle) this.#end(link);
    this.#idle = [];
  }

  #end(link: PostgresLink<Pool>): void {
    const ending = link.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
