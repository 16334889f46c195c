/**
 * The Unix socket at which a relay answers the commands of its operator.
 *
 * An embedded database belongs to one process. The relay that has it open lends its store to commands
 * at a socket beside the database, which only the relay's user and root may connect to. A relay with
 * another database has its socket in the data directory.
 *
 * @module
 */

import { utf8Length } from "../../base/bytes.ts";
import { messageOf } from "../../base/error_text.ts";
import { embeddedDirectory } from "../database/database_url.ts";
import { withoutSlash } from "../paths.ts";

/** The longest path of a Unix socket that works everywhere, bytes: macOS allows 103, Linux 107. */
const MAX_PATH_BYTES = 103;

/** Read and write for its owner. Connecting to a socket needs the right to write. */
export const SOCKET_MODE = 0o600;

/** The path of the socket of an embedded database in `directory`: beside it, as is its lock. */
export function controlSocketPath(directory: string): string {
  return `${withoutSlash(directory)}.sock`;
}

/** Where a relay with these settings has its socket. */
export interface ControlPlace {
  readonly path: string;
  /** The directory whose owner may own the socket. */
  readonly directory: string;
}

/**
 * Where a relay has its socket.
 *
 * @param url the database that was chosen
 */
export function controlPlace(url: string, data: string): ControlPlace {
  const embedded = embeddedDirectory(url);
  if (embedded !== undefined) return { path: controlSocketPath(embedded), directory: embedded };
  const directory = withoutSlash(data);
  return { path: `${directory}/relay.sock`, directory };
}

/** Why there can be no socket at a path; undefined if there can. */
export function pathFault(path: string): string | undefined {
  const length = utf8Length(path);
  if (length <= MAX_PATH_BYTES) return undefined;
  return `its path has ${length} bytes, and a Unix socket's may have ${MAX_PATH_BYTES}: ` +
    "use a shorter path, or a relative one";
}

/**
 * Why the socket at `path` is not to be trusted; undefined if it is the one of whoever owns the database
 * in `directory`, of this user or of root. Another user who may write to the directory around it could
 * have made it.
 */
export async function ownerFault(path: string, directory: string): Promise<string | undefined> {
  try {
    const { uid, isSocket } = await Deno.lstat(path);
    if (!isSocket) return `${path} is not a socket`;
    const owner = (await Deno.stat(directory)).uid;
    if ([0, Deno.uid(), owner].includes(uid)) return undefined;
    return `${path} belongs to another user`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `there is no control socket at ${path}`;
    return messageOf(error);
  }
}
