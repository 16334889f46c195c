/**
 * What the operating system says of a file, in words that an operator can act on.
 *
 * @module
 */

/** A file cannot be read or written; the message is for the operator. */
export class FileFault extends Error {
  override readonly name = "FileFault";
}

/** What the system says, and the words for it. The first that fits counts. */
const WORDS: readonly (readonly [said: RegExp, words: string])[] = [
  [/No space left on device|ENOSPC|os error 28\b/, "the disk is full"],
  [/quota exceeded|EDQUOT|os error 122\b/i, "this user may store no more: its quota is used up"],
  [/Read-only file system|EROFS/, "it is on a file system that is read-only"],
  [/Permission denied|Operation not permitted|PermissionDenied/, "this user may not"],
  [/Not a directory|NotADirectory/, "a part of its path is a file and no directory"],
  [/Is a directory|IsADirectory/, "it is a directory"],
];

/** The words for an error with which a file could not be read. */
export function readFault(error: unknown): string {
  return error instanceof Deno.errors.NotFound ? "no such file or directory" : faultOf(error);
}

/** The words for an error with which a file or directory could not be made or written. */
export function writeFault(error: unknown): string {
  return error instanceof Deno.errors.NotFound
    ? "the directory that it belongs in does not exist: make it, or name another"
    : faultOf(error);
}

/** What `found` gives; undefined where there is no such file. */
export async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Throws what is no error. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  const said = `${error.name} ${error.message}`;
  return WORDS.find(([pattern]) => pattern.test(said))?.[1] ?? error.message;
}

/** Rejects with a {@link FileFault} that names the file where `work` cannot write to it. */
export async function writing<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new FileFault(`${name} cannot be written: ${writeFault(cause)}`, { cause });
  }
}
