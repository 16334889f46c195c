/**
 * Reads the document in which a domain gives names to public keys.
 *
 * @see NIP-05
 * @module
 */

import { isKey } from "./hex.ts";
import { isJsonObject } from "./json.ts";

/** The characters that NIP-05 allows in a name, in either case. */
const NAME = /^[a-z0-9._-]+$/i;

/**
 * The URL of a domain's document, with all names that it lists without being asked for one.
 *
 * @see NIP-05
 */
export function nip05Url(domain: string): string {
  return `https://${domain}/.well-known/nostr.json`;
}

/**
 * The public keys to which a domain's document gives a name; undefined if it is no such document.
 * Entries that are no name or no key are passed over.
 *
 * @see NIP-05
 */
export function namedKeys(document: string): ReadonlySet<string> | undefined {
  const names = namesOf(document);
  if (names === undefined) return undefined;
  const keys = new Set<string>();
  for (const [name, key] of Object.entries(names)) {
    if (NAME.test(name) && isKey(key)) keys.add(key);
  }
  return keys;
}

function namesOf(document: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(document);
    return isJsonObject(parsed) && isJsonObject(parsed["names"]) ? parsed["names"] : undefined;
  } catch {
    return undefined;
  }
}
