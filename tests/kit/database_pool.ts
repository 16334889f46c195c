/**
 * Databases that tests use one after another.
 *
 * @module
 */

/** What a pool does with the databases of one server, each known by its URL. */
export interface DatabaseKind {
  /** Makes one; to do so takes longer than most tests. */
  readonly make: () => Promise<string>;
  /** Makes one that a test has used as good as new. */
  readonly clear: (url: string) => Promise<void>;
}

/** Gives databases to the tests of a file, and takes them back after each. */
export class DatabasePool {
  readonly #kind: DatabaseKind;
  readonly #used: string[] = [];
  readonly #clear: string[] = [];

  /** To be called as the file is loaded. */
  constructor(kind: DatabaseKind) {
    this.#kind = kind;
    Deno.test.afterEach(async () => {
      for (const url of this.#used.splice(0)) {
        await this.#kind.clear(url);
        this.#clear.push(url);
      }
    });
  }

  /** One that is as good as new; it is the test's until the test ends. */
  async take(): Promise<string> {
    const url = this.#clear.pop() ?? await this.#kind.make();
    this.#used.push(url);
    return url;
  }
}
