/**
 * A pool of databases that tests use one after another.
 *
 * @module
 */

/** How a pool creates and resets databases, each identified by its URL. */
export interface DatabaseKind {
  /** Creates one, which takes longer than most tests. */
  readonly make: () => Promise<string>;
  /** Resets one after a test. */
  readonly clear: (url: string) => Promise<void>;
}

/** Lends databases to the tests of a file and takes them back after each. */
export class DatabasePool {
  readonly #kind: DatabaseKind;
  readonly #used: string[] = [];
  readonly #clear: string[] = [];

  /** Must be called while the test file is loaded. */
  constructor(kind: DatabaseKind) {
    this.#kind = kind;
    Deno.test.afterEach(async () => {
      for (const url of this.#used.splice(0)) {
        await this.#kind.clear(url);
        this.#clear.push(url);
      }
    });
  }

  /** A database in its initial state, for the current test. */
  async take(): Promise<string> {
    const url = this.#clear.pop() ?? await this.#kind.make();
    this.#used.push(url);
    return url;
  }
}
