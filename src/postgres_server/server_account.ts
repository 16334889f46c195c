/**
 * The account that runs a private Postgres server. Postgres refuses to run as root.
 *
 * @module
 */

import { unlessMissing } from "../store/database/data_directory.ts";

/** The `uid` and `gid` of a command run as another user; empty when it runs as the current one. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** The uid and gid of the user `nobody`. */
const NOBODY = Deno.build.os === "darwin" ? 4_294_967_294 : 65_534;

/**
 * The account for a server whose data is in `directory`: the current user, or for root the owner of
 * the directory, or else `nobody`.
 */
export async function serverAccount(
  directory: string,
  ownUid: number | null = Deno.uid(),
): Promise<ServerAccount> {
  if (ownUid !== 0) return {};
  try {
    const { uid, gid } = await Deno.stat(directory);
    if (uid !== null && uid !== 0) return { uid, gid: gid ?? uid };
  } catch (error) {
    unlessMissing(error);
  }
  return { uid: NOBODY, gid: NOBODY };
}

/**
 * Creates `directory` if needed, with access for the account only: whoever reaches the server's
 * socket has full access to it.
 */
export async function giveDirectory(directory: string, account: ServerAccount): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  if (account.uid === undefined) return;
  await Deno.chown(directory, account.uid, account.gid);
  await Deno.chmod(directory, 0o700);
}

/**
 * Creates a file that the account owns. Fails if it exists, so that root follows no symbolic link
 * of another user.
 */
export async function giveFile(path: string, text: string, account: ServerAccount): Promise<void> {
  await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
  if (account.uid !== undefined) await Deno.chown(path, account.uid, account.gid);
}

/**
 * Why a server of the account could not use `directory`; undefined when it could. A parent
 * directory may be closed to others, as root's home is. Neither needs to exist yet.
 */
export async function reachFault(
  directory: string,
  account: ServerAccount,
): Promise<string | undefined> {
  if (account.uid === undefined) return undefined;
  const existing = await nearestExisting(directory);
  const { success } = await new Deno.Command("test", {
    args: ["-x", existing],
    cwd: "/",
    stdin: "null",
    ...account,
  }).output();
  if (success) return undefined;
  return `Postgres refuses to run as root, and user ${account.uid} cannot get to ${existing}: ` +
    "run the relay as a user of its own, or put its data elsewhere (--data)";
}

async function nearestExisting(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    unlessMissing(error);
  }
  const parent = path.replace(/\/*[^/]+\/*$/, "");
  return parent === ""
    ? await Deno.realPath(path.startsWith("/") ? "/" : ".")
    : await nearestExisting(parent);
}

/**
 * Why a server of the account could not run `initdb`; undefined when it could. `initdb` looks up
 * the name of the user, and in a container the user may have none.
 */
export async function nameFault(account: ServerAccount): Promise<string | undefined> {
  const { success } = await new Deno.Command("id", {
    args: ["-un", String(account.uid ?? Deno.uid())],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (success) return undefined;
  return `the system has no name for user ${account.uid ?? Deno.uid()}, which Postgres needs`;
}
