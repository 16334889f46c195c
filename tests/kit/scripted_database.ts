/**
 * A database with prepared answers.
 *
 * @module
 */

import type {
  Database,
  Session,
  Statement,
  StatementOptions,
} from "../../src/store/database/database.ts";

/** Records each statement and returns the next answer. */
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
