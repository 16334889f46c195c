// deno-lint-ignore-file gallimimus/pure-room -- the embedded database is a directory and its lock a file
/**
 * The directory of an embedded database: one process at a time, and all of a database or nothing.
 *
 * @module
 */

import { StoreUnavailable } from "../event_store.ts";

/**
 * A directory that is ours until {@link release}, or until the process ends in whatever way. The lock is
 * the operating system's, on a file beside the directory: it ends with the process even when that is
 * killed, so a lock file that was left behind means nothing.
 */
export class DataDirectory {
  readonly path: string;
  readonly #lock: Deno.FsFile;

  /** Use {@link claim}. */
  constructor(path: string, lock: Deno.FsFile) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Takes the directory, which need not be there. The database itself would not notice a second process
   * and lose data.
   *
   * Rejects with {@link StoreUnavailable} when another process has it, or when it cannot be had.
   */
  static async claim(path: string): Promise<DataDirectory> {
    const trimmed = path.replace(/(?<=.)\/+$/, "");
    const lockPath = `${trimmed}.lock`;
    const lock = await openLock(trimmed, lockPath);
    if (await lock.tryLock(true)) return new DataDirectory(trimmed, lock);
    lock.close();
    throw new StoreUnavailable(
      `${path} is in use by another process, which has locked ${lockPath}`,
    );
  }

  /** Where the database is made before it is put in place, so that half a database is never found. */
  get draftPath(): string {
    return `${this.path}.new`;
  }

  /**
   * Whether there is a database. When there is none, what is left of an earlier try goes.
   *
   * Rejects with {@link StoreUnavailable} when the directory holds something else.
   */
  async hasDatabase(): Promise<boolean> {
    const names = await namesIn(this.path);
    if (names.includes("PG_VERSION")) return true;
    if (names.length > 0) throw new StoreUnavailable(`${this.path} holds something else`);
    await Deno.remove(this.draftPath, { recursive: true }).catch(unlessMissing);
    return false;
  }

  /** Puts what was made at {@link draftPath} in place. */
  async adoptDraft(): Promise<void> {
    await Deno.rename(this.draftPath, this.path);
  }

  /** Lets others have it. */
  release(): void {
    this.#lock.close();
  }
}

async function openLock(path: string, lockPath: string): Promise<Deno.FsFile> {
  try {
    const parent = path.slice(0, path.lastIndexOf("/") + 1);
    if (parent !== "") await Deno.mkdir(parent, { recursive: true });
    return await Deno.open(lockPath, { create: true, write: true });
  } catch (cause) {
    throw new StoreUnavailable(`cannot use ${path}: ${cause}`, { cause });
  }
}

/** What is in a directory; nothing when it is not there. */
async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  } catch (error) {
    unlessMissing(error);
    return [];
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
