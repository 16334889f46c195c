/**
 * The directory of a backup while it is written: it has another name until all is on the disk.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { utf8 } from "../../base/bytes.ts";
import { ifThere, writeFault } from "../system/file_fault.ts";
import { withoutSlash } from "../paths.ts";
import {
  type BackupFile,
  backupFiles,
  type FileEntry,
  MANIFEST,
  UnusableBackup,
} from "./manifest.ts";

/** Held by whoever writes the backup, so that nobody else takes it for one that was left behind. */
const LOCK = "lock";

/** Only the owner may read. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

const NAMES: ReadonlySet<string> = new Set([...Object.values(backupFiles), MANIFEST, LOCK]);

/** The bytes of a file. */
type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A backup that is being written to `PATH.part`. */
export class DraftDirectory {
  readonly #path: string;
  readonly #draft: string;
  readonly #lock: Deno.FsFile;

  /** Use {@link make}. */
  constructor(path: string, draft: string, lock: Deno.FsFile) {
    this.#path = path;
    this.#draft = draft;
    this.#lock = lock;
  }

  /**
   * Makes the draft of a backup at `path`, in place of one that a killed process left behind. What is at
   * `path` is left alone. Gives a sentence when there can be none.
   */
  static async make(path: string): Promise<DraftDirectory | { readonly fault: string }> {
    const name = withoutSlash(path);
    if (name === "") return { fault: "no directory is named" };
    const draft = `${name}.part`;
    try {
      if (await found(name)) return { fault: `${name} exists already: name another directory` };
      if (await found(draft) === undefined) await Deno.mkdir(draft, { mode: DIRECTORY_MODE });
      else if (await isForeign(draft)) return { fault: `${draft} holds something else: remove it` };
      const options = { write: true, create: true, mode: FILE_MODE };
      const lock = await Deno.open(`${draft}/${LOCK}`, options);
      if (!await lock.tryLock(true)) {
        lock.close();
        return { fault: `another backup is being written to ${draft}` };
      }
      await removeFiles(draft);
      return new DraftDirectory(name, draft, lock);
    } catch (error) {
      return { fault: `${draft} cannot be made: ${writeFault(error)}` };
    }
  }

  /**
   * Writes a file, compressed if its name ends in `.gz`, and resolves when it is on the disk. Rejects with
   * {@link UnusableBackup} if it cannot be written, and as the pieces do.
   */
  async write(name: BackupFile, pieces: Pieces): Promise<FileEntry> {
    const hash = createHash("sha256");
    let bytes = 0;
    await this.#write(name, compressed(name, pieces), (piece) => {
      hash.update(piece);
      bytes += piece.length;
    });
    return { name, bytes, sha256: hash.digest("hex") };
  }

  /** Writes the manifest, and gives the directory its name. Resolves when that is on the disk. */
  async finish(manifest: string): Promise<void> {
    await this.#write(MANIFEST, [utf8(manifest)]);
    await syncDirectory(this.#draft);
    // An empty directory would be replaced.
    if (await found(this.#path)) {
      throw new UnusableBackup(`${this.#path} exists by now: name another directory`);
    }
    await Deno.rename(this.#draft, this.#path);
    // Not before: without it another process may take the directory for its draft.
    await Deno.remove(`${this.#path}/${LOCK}`);
    this.#lock.close();
    await syncDirectory(this.#path.replace(/[^/]+$/, "") || ".");
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    await removeFiles(this.#draft);
    await Deno.remove(this.#draft, { recursive: true });
    this.#lock.close();
  }

  async #write(
    name: string,
    pieces: Pieces,
    onPiece: (piece: Uint8Array) => void = () => {},
  ): Promise<void> {
    const path = `${this.#draft}/${name}`;
    const options = { write: true, createNew: true, mode: FILE_MODE };
    const file = await onDisk(path, () => Deno.open(path, options));
    try {
      for await (const piece of pieces) {
        onPiece(piece);
        for (let at = 0; at < piece.length;) {
          at += await onDisk(path, () => file.write(piece.subarray(at)));
        }
      }
      await onDisk(path, () => file.sync());
    } finally {
      file.close();
    }
  }
}

function compressed(name: string, pieces: Pieces): Pieces {
  if (!name.endsWith(".gz")) return pieces;
  const gzip = new CompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>;
  return ReadableStream.from(pieces).pipeThrough(gzip);
}

/** What is there, a link not followed; undefined if nothing is. */
function found(path: string): Promise<Deno.FileInfo | undefined> {
  return ifThere(Deno.lstat(path));
}

/** Whether it is not a draft of this user: others could read what is written there, or change it. */
async function isForeign(draft: string): Promise<boolean> {
  const info = await found(draft);
  if (info?.isDirectory !== true || info.uid !== Deno.uid()) return true;
  if (((info.mode ?? 0) & 0o077) !== 0) return true;
  for await (const { name } of Deno.readDir(draft)) if (!NAMES.has(name)) return true;
  return false;
}

/** Removes the files of a draft, but for its lock. */
async function removeFiles(draft: string): Promise<void> {
  for await (const { name } of Deno.readDir(draft)) {
    if (name !== LOCK) await Deno.remove(`${draft}/${name}`);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await Deno.open(path);
  try {
    await directory.sync();
  } finally {
    directory.close();
  }
}

/** Says which file it was, where the disk is full or the like. */
async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new UnusableBackup(`${path} cannot be written: ${writeFault(error)}`, { cause: error });
  }
}
