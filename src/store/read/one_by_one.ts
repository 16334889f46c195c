/**
 * Runs the statements of one query, one after the other.
 *
 * @module
 */

import type { Source } from "../../base/fair_queue.ts";
import {
  type Session,
  type Statement,
  StatementFailed,
  type StatementOptions,
} from "../database/database.ts";
import { StoreUnavailable } from "../event_store.ts";
import { Semaphore } from "../database/semaphore.ts";

/** What the statements of one query have in common. */
interface OneByOneOptions {
  readonly database: Pick<Session, "query">;
  readonly source: Source | undefined;
  /** Whether the query reads so little that its short statements may use the connections reserved for such. */
  readonly isLight: boolean;
}

/**
 * Runs one statement of a query at a time: a query then takes one connection at most, however many filters
 * it has, and its time budget is that of one statement after the other. Rejects with
 * {@link StoreUnavailable} where the database refused a statement: no filter makes a statement that
 * Postgres refuses, but a schema that is not ours does.
 */
export class OneByOne implements Pick<Session, "query"> {
  readonly #options: OneByOneOptions;
  readonly #semaphore = new Semaphore(1);

  constructor(options: OneByOneOptions) {
    this.#options = options;
  }

  /** @see Session.query */
  async query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    const { database, source, isLight } = this.#options;
    if (!this.#semaphore.tryAcquire()) await this.#semaphore.acquire(options.signal);
    try {
      const isShort = isLight && options.isShort === true;
      return await database.query(statement, { ...options, isShort, source });
    } catch (error) {
      throw error instanceof StatementFailed
        ? new StoreUnavailable(error.message, { cause: error })
        : error;
    } finally {
      this.#semaphore.release();
    }
  }
}
