/**
 * The statements of one query, one after the other.
 *
 * @module
 */

import type { Source } from "../../base/fair_queue.ts";
import type { Session, Statement, StatementOptions } from "../database/database.ts";
import { Semaphore } from "../database/semaphore.ts";

/** What the statements of one query have in common. */
export interface OneByOneOptions {
  readonly database: Pick<Session, "query">;
  readonly source: Source | undefined;
  /** Whether they are so few that short ones among them may use what is kept for such. */
  readonly isLight: boolean;
}

/**
 * Runs one statement of a query at a time. So a query never takes more than one connection, however many
 * filters it has, and the time that the database works for it is time that passes.
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
    await this.#semaphore.acquire(options.signal);
    try {
      const isShort = isLight && options.isShort === true;
      return await database.query(statement, { ...options, isShort, source });
    } finally {
      this.#semaphore.release();
    }
  }
}
