/**
 * The relay's own key, with which it signs: given by a setting or a file, or made at the first
 * start.
 *
 * @see NIP-11 "self"
 * @module
 */

import { dirname } from "node:path";
import type { Log } from "../base/log.ts";
import { messageOf } from "../base/error_text.ts";
import type { Random } from "../base/random.ts";
import { isReadByOthers } from "./auth_key.ts";
import { readSecretKey } from "./settings/key_text.ts";
import { UnusableSetting } from "./settings/load_settings.ts";
import type { Settings } from "./settings/setting_list.ts";
import { withoutSlash } from "./paths.ts";
import { systemRandom } from "./system/system_random.ts";
import { writeFault } from "./system/writable.ts";

const FILE_SETTING = "relay.key_file";
const SECRET_KEY_BYTES = 32;

/** Only the owner may read and write. */
const OWNER_ONLY = 0o600;

/**
 * The relay's own public key, 64 hex digits; undefined if it has none. The file in the data
 * directory is made only where the relay keeps its database there: several instances on a server's
 * database are one relay, and each would make a key of its own.
 *
 * @throws UnusableSetting when a key file cannot be read, holds no key or cannot be made
 */
export async function ownPublicKey(
  settings: Pick<Settings, "relay" | "database">,
  log: Log,
): Promise<string | undefined> {
  const make = async (path: string) => {
    await makeKeyFile(path, newSecretKey());
    log.info("the relay's own key was made: keep it with the backups", { file: path });
  };
  const secretKey = await ownSecretKey(settings, log, make);
  if (secretKey === undefined) return undefined;
  const { publicKeyOf } = await import("../signatures/signature_noble.ts");
  return publicKeyOf(secretKey);
}

/**
 * The same without making a key: tries whether its file can be made, where there is none.
 *
 * @throws UnusableSetting as {@link ownPublicKey} does
 */
export async function checkOwnKey(
  settings: Pick<Settings, "relay" | "database">,
  log: Log,
): Promise<void> {
  await ownSecretKey(settings, log, tryToMake);
}

/**
 * The file in the data directory that the key is kept in; undefined where the settings name another
 * place, or where the database is not in the data directory.
 */
export function ownKeyPath(
  { relay, database }: Pick<Settings, "relay" | "database">,
): string | undefined {
  if (relay.secret_key !== "" || relay.key_file !== "" || database.url !== "") return undefined;
  return `${withoutSlash(database.data)}/relay.key`;
}

async function ownSecretKey(
  settings: Pick<Settings, "relay" | "database">,
  log: Log,
  make: (path: string) => Promise<void>,
): Promise<Uint8Array | undefined> {
  const { relay } = settings;
  if (relay.secret_key !== "") return readSecretKey(relay.secret_key);
  if (relay.key_file !== "") {
    const key = await readKeyFile(relay.key_file, log);
    if (key !== undefined) return key;
    const mend = "make one that holds 64 hex digits (openssl rand -hex 32)";
    throw new UnusableSetting(FILE_SETTING, `there is no file ${relay.key_file}: ${mend}`);
  }
  const path = ownKeyPath(settings);
  if (path === undefined) return undefined;
  const kept = await readKeyFile(path, log);
  if (kept !== undefined) return kept;
  await make(path);
  // Another process may have been first.
  return await readKeyFile(path, log);
}

/** The key in a file; undefined if there is no such file. */
async function readKeyFile(path: string, log: Log): Promise<Uint8Array | undefined> {
  let text;
  try {
    text = await Deno.readTextFile(path);
    // No refusal: containers are often given their secrets with mode 0444.
    if (await isReadByOthers(path)) {
      log.warn(`others may read the relay's own key: chmod 600 ${path}`);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UnusableSetting(FILE_SETTING, `${path} cannot be read: ${messageOf(error)}`);
  }
  const key = readSecretKey(text.trim());
  if (key !== undefined) return key;
  throw new UnusableSetting(
    FILE_SETTING,
    `${path} holds no secret key, expected nsec1… or 64 lower-case hex digits: ` +
      "restore it from a backup, or remove it if the key is not needed any more",
  );
}

/**
 * Makes a file with a key, in one step: whoever reads it finds a whole key. Keeps a file that is there.
 *
 * @throws UnusableSetting when it cannot be made
 */
export async function makeKeyFile(path: string, key: Uint8Array): Promise<void> {
  const draft = `${path}.${systemRandom.bytes(8).toHex()}`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const file = await Deno.open(draft, { write: true, createNew: true, mode: OWNER_ONLY });
    try {
      await file.write(new TextEncoder().encode(`${key.toHex()}\n`));
      await file.sync();
    } finally {
      file.close();
    }
    // Unlike a rename, this fails where there is a file.
    await Deno.link(draft, path).catch((error) => {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    });
  } catch (error) {
    throw new UnusableSetting(FILE_SETTING, `${path} cannot be made: ${messageOf(error)}`);
  } finally {
    await Deno.remove(draft).catch(() => {});
  }
}

async function tryToMake(path: string): Promise<void> {
  const fault = await writeFault(dirname(path));
  if (fault !== undefined) {
    throw new UnusableSetting(FILE_SETTING, `${path} cannot be made: ${fault}`);
  }
}

/** A new secret key, 32 bytes. */
export function newSecretKey(random: Random = systemRandom): Uint8Array {
  for (;;) {
    const key = random.bytes(SECRET_KEY_BYTES);
    if (readSecretKey(key.toHex()) !== undefined) return key;
  }
}
