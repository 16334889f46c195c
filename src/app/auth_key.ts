/**
 * Reads the key that this program authenticates with at other relays.
 *
 * @see NIP-42
 * @module
 */

import { messageOf } from "../base/error_text.ts";
import type { RemoteSigner } from "../sync/authentication.ts";
import { readSecretKey } from "./settings/key_text.ts";

/** The environment variable of the key; other programs for Nostr read the same one. */
export const AUTH_KEY_VARIABLE = "NOSTR_SECRET_KEY";

/** The permissions of the group and of others. */
const NOT_OWNER = 0o077;

/** A key that signs; or a sentence that says why there is none. */
type ReadSigner = { readonly signer: RemoteSigner | undefined } | { readonly fault: string };

/** The key in a file, or the one in the environment; neither is no fault. */
export async function readAuthKey(
  file: string | undefined,
  environment: Readonly<Record<string, string>>,
): Promise<ReadSigner> {
  if (file !== undefined) return await readAuthKeyFile(file);
  const text = environment[AUTH_KEY_VARIABLE];
  if (text === undefined || text === "") return { signer: undefined };
  return await signerOf(text) ??
    { fault: `${AUTH_KEY_VARIABLE} is no secret key, expected nsec1… or 64 hex digits` };
}

/** The key in a file. */
export async function readAuthKeyFile(path: string): Promise<ReadSigner> {
  try {
    return await signerOf(await Deno.readTextFile(path)) ??
      { fault: `${path} holds no secret key, expected nsec1… or 64 lower-case hex digits` };
  } catch (error) {
    return { fault: `${path} cannot be read: ${messageOf(error)}` };
  }
}

/** Whether others than the owner may read a file. */
export async function isReadByOthers(path: string): Promise<boolean> {
  const { mode } = await Deno.stat(path);
  return mode !== null && (mode & NOT_OWNER) !== 0;
}

async function signerOf(text: string): Promise<ReadSigner | undefined> {
  const secretKey = readSecretKey(text.trim());
  if (secretKey === undefined) return undefined;
  const { publicKeyOf, signId } = await import("../signatures/signature_noble.ts");
  const sign = (id: Uint8Array) => signId(id, secretKey);
  return { signer: { pubkey: publicKeyOf(secretKey), sign } };
}
