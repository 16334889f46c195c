/**
 * The directory of a private Postgres server's socket.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { StoreUnavailable } from "../store/event_store.ts";
import { giveDirectory, type ServerAccount } from "./server_account.ts";

/** The longest path of a Unix socket that works everywhere, bytes: macOS allows 103, Linux 107. */
const MAX_SOCKET_PATH_BYTES = 103;

const SOCKET_NAME = "/.s.PGSQL.5432";

/**
 * The directory for the socket of the server whose files are in `home`: its subdirectory `run`, or
 * if that path is too long, a directory in the system's temporary directory, always the same and
 * closed to others.
 *
 * Rejects with {@link StoreUnavailable} when another user created that one.
 */
export async function socketDirectory(
  home: string,
  account: ServerAccount,
  temporary: string = Deno.env.get("TMPDIR") ?? "/tmp",
): Promise<string> {
  if (fits(`${home}/run`)) {
    await giveDirectory(`${home}/run`, account);
    return `${home}/run`;
  }
  const directory = `${temporary.replace(/\/+$/, "")}/gallimimus-${sha256Hex(home).slice(0, 16)}`;
  await Deno.mkdir(directory, { mode: 0o700 }).catch(unlessThere);
  const { isDirectory, uid, mode } = await Deno.lstat(directory);
  const isOurs = uid === Deno.uid() || uid === account.uid;
  if (!isDirectory || !isOurs || (mode ?? 0) & 0o077) {
    throw new StoreUnavailable(
      `${directory} is not ours; whoever made it could speak for the server`,
    );
  }
  await giveDirectory(directory, account);
  return directory;
}

function fits(directory: string): boolean {
  return new TextEncoder().encode(directory + SOCKET_NAME).length <= MAX_SOCKET_PATH_BYTES;
}

function unlessThere(error: unknown): void {
  if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
}

function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
