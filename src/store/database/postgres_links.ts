/**
 * The connections to a Postgres server that serve one purpose.
 *
 * @module
 */

import { StoreUnavailable } from "../event_store.ts";
import type { DriverPool, PostgresLink } from "./postgres_link.ts";

/**
 * Lends connections, each to one borrower at a time, and opens them when they are needed. Who borrows
 * sees to it that there are not too many.
 *
 * A connection that was lost is never lent again, nor are those that lay idle when that happened: what
 * took one of them took the others too, and each would cost its next borrower a time-out to find out.
 */
export class PostgresLinks<Pool extends DriverPool> {
  readonly #open: () => PostgresLink<Pool>;
  /** The one that was used last comes last: each has its turn, so that none lies dead for long. */
  #idle: PostgresLink<Pool>[] = [];
  readonly #lent = new Set<PostgresLink<Pool>>();
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(open: () => PostgresLink<Pool>) {
    this.#open = open;
  }

  /** Gives a connection: the one that has been idle for longest if there is one. */
  borrow(): PostgresLink<Pool> {
    if (this.#isClosed) throw new StoreUnavailable("the database is closed");
    const link = this.#idle.shift() ?? this.#open();
    this.#lent.add(link);
    return link;
  }

  /** Once for each that was lent. */
  giveBack(link: PostgresLink<Pool>): void {
    this.#lent.delete(link);
    if (link.isLost) this.endIdle();
    else if (this.#isClosed) this.#end(link);
    else this.#idle.push(link);
  }

  /** Ends those that lie idle in order, and drops those that are lent. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.endIdle();
    for (const link of this.#lent) link.drop("the database is closed");
    await Promise.all(this.#ending);
  }

  /** Ends those that lie idle: what took others may have taken them too. */
  endIdle(): void {
    for (const link of this.#idle) this.#end(link);
    this.#idle = [];
  }

  #end(link: PostgresLink<Pool>): void {
    const ending = link.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
