/**
 * Who runs a private Postgres server. It refuses to be run by root, because a fault in it would then be a
 * fault in everything.
 *
 * @module
 */

/** Options of a command that is run by somebody else; nothing when it is run by ourselves. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** Whoever is nobody. */
const NOBODY = Deno.build.os === "darwin" ? 4_294_967_294 : 65_534;

/**
 * The account for a server whose data lie in `directory`: our own, or, when we are root, that of whoever
 * owns the directory already, or else nobody's.
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
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return { uid: NOBODY, gid: NOBODY };
}

/**
 * Makes `directory` when it is missing, and lets only the account in: whoever reaches the server's socket
 * may do all in it.
 */
export async function giveDirectory(directory: string, account: ServerAccount): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  if (account.uid === undefined) return;
  await Deno.chown(directory, account.uid, account.gid);
  await Deno.chmod(directory, 0o700);
}

/** Makes a file that is the account's. It must not be there: root follows no link that others have laid. */
export async function giveFile(path: string, text: string, account: ServerAccount): Promise<void> {
  await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
  if (account.uid !== undefined) await Deno.chown(path, account.uid, account.gid);
}

/**
 * Why a server of the account could not use `directory`; undefined when it could. A directory above it may be
 * closed to others, as root's home is. Neither needs to be there yet.
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
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const parent = path.replace(/\/*[^/]+\/*$/, "");
  return parent === ""
    ? await Deno.realPath(path.startsWith("/") ? "/" : ".")
    : await nearestExisting(parent);
}

/**
 * Why a server of the account could not make a database; undefined when it could. Postgres looks up the name
 * of whoever makes one, and in a container a user may have none.
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
