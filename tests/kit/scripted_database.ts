/**
 * A database that answers what the test wrote down.
 *
 * @module
 */

import type {
  Database,
  Session,
  Statement,
  StatementOptions,
} from "../../src/store/database/database.ts";

/** Notes each statement and gives the next answer, as if it had been read from rows. */
export class ScriptedDatabase implements Database {
  readonly asked: Statement<unknown>[] = [];
  readonly #answers: (readonly unknown[])[];

  constructor(...answers: (readonly unknown[])[]) {
    this.#answers = answers;
  }

  query<Row>(statement: Statement<Row>, options: StatementOptions = {}): Promise<readonly Row[]> {
    options.signal?.throwIfAborted();
    this.asked.push(statement);
    return Promise.resolve((this.#answers.shift() ?? []) as readonly Row[]);
  }

  script(): Promise<void> {
    return Promise.resolve();
  }

  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return work(this);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
