/**
 * Why the directory of an embedded database cannot be used, and what mends it.
 *
 * @module
 */

import { StoreUnavailable } from "../../store/event_store.ts";

/** What the system or the database says, and the sentence for it. */
const FAULTS: readonly (readonly [said: RegExp, sentence: (path: string) => string])[] = [
  [
    /No space left on device|ENOSPC|os error 28\b|Disk quota exceeded/,
    (path) =>
      `the disk of ${path} is full: delete something else on it, and nothing in ${path}, and start again`,
  ],
  [
    /Not a directory|File exists|AlreadyExists|NotADirectory/,
    (path) =>
      `${path} cannot be a database, because a file is there or above it: ` +
      "name another directory (--data, --database)",
  ],
  [
    /Permission denied|Operation not permitted/,
    (path) =>
      `user ${Deno.uid()} may not use ${path}: run the relay as the user who owns it, ` +
      "or give it to that user with: chown -R USER",
  ],
  [
    /Read-only file system/,
    (path) =>
      `${path} is on a file system that is read-only: name another directory (--data, --database)`,
  ],
];

/** The error with a sentence that says what to do, where there is one; else the error itself. */
export function directoryFault(path: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const said = `${error.name} ${error.message}`;
  const sentence = FAULTS.find(([pattern]) => pattern.test(said))?.[1];
  return sentence === undefined ? error : new StoreUnavailable(sentence(path), { cause: error });
}
