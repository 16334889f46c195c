// deno-lint-ignore-file gallimimus/pure-room -- the embedded database is a directory and its lock a file
/**
 * The directory of an embedded database. One process uses it at a time, and it holds a complete
 * database or none.
 *
 * @module
 */

import { trimmedEnd } from "../../base/trim.ts";
import { StoreUnavailable } from "../event_store.ts";

/** Another process has locked the directory of an embedded database. */
export class DirectoryInUse extends StoreUnavailable {
  /** The directory, without a slash at its end. */
  readonly path: string;

  constructor(path: string, lockPath: string) {
    super(
      `${path} is in use by another process, which has locked ${lockPath}: stop that process first`,
    );
    this.path = path;
  }
}

/**
 * A directory that this process has locked until {@link release} or its end. The lock is the
 * operating system's, on a file beside the directory, so it ends with the process even when that is
 * killed. A lock file left behind has no effect.
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
   * Locks the directory, which need not exist. The database itself would not notice a second
   * process and would lose data.
   *
   * Rejects with {@link DirectoryInUse} when another process has locked it, and with
   * {@link StoreUnavailable} when it cannot be created.
   */
  static async claim(path: string): Promise<DataDirectory> {
    const trimmed = trimmedEnd(path, "/") || path.slice(0, 1);
    // A link and what it leads to have one lock, where this user may have one there.
    const real = await Deno.realPath(trimmed).catch(() => trimmed);
    const opened = real === trimmed
      ? undefined
      : await openFile(`${real}.lock`).catch(() => undefined);
    const lockPath = `${opened === undefined ? trimmed : real}.lock`;
    const lock = opened ?? await openLock(trimmed, lockPath);
    if (await lock.tryLock(true)) return new DataDirectory(trimmed, lock);
    lock.close();
    throw new DirectoryInUse(trimmed, lockPath);
  }

  /**
   * Where a database is created before it is renamed to {@link path}, so that an incomplete one is
   * never used.
   */
  get draftPath(): string {
    return `${this.path}.new`;
  }

  /**
   * Whether there is a database. If not, removes what is left of an earlier attempt to create one.
   *
   * Rejects with {@link StoreUnavailable} when the directory holds something else.
   */
  async hasDatabase(): Promise<boolean> {
    const names = await namesIn(this.path);
    if (names.includes("PG_VERSION")) return true;
    if (names.length > 0) {
      throw new StoreUnavailable(
        `${this.path} holds something else: name a directory that is empty, or that does not exist`,
      );
    }
    await Deno.remove(this.draftPath, { recursive: true }).catch(unlessMissing);
    return false;
  }

  /** Renames the database created at {@link draftPath} to its place. */
  async adoptDraft(): Promise<void> {
    await Deno.rename(this.draftPath, this.path);
  }

  /** Unlocks the directory. */
  release(): void {
    this.#lock.close();
  }
}

async function openLock(path: string, lockPath: string): Promise<Deno.FsFile> {
  try {
    const parent = path.slice(0, path.lastIndexOf("/") + 1);
    if (parent !== "") await Deno.mkdir(parent, { recursive: true });
    return await openFile(lockPath);
  } catch (cause) {
    throw new StoreUnavailable(`cannot use ${path}: ${cause}`, { cause });
  }
}

/** Rejects where it cannot be opened. */
function openFile(lockPath: string): Promise<Deno.FsFile> {
  return Deno.open(lockPath, { create: true, write: true });
}

/** The names in a directory; none when it does not exist. */
async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  } catch (error) {
    unlessMissing(error);
    return [];
  }
}

/** Throws the error, unless it says that there is no such file. */
export function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
