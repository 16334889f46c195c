/**
 * Reads the relays that a key names for itself. Anyone can write such a list, with anything in it.
 *
 * @see NIP-65
 * @module
 */

import type { NostrEvent } from "./event.ts";

/** The kind of a relay list. @see NIP-65 */
export const RELAY_LIST = 10_002;

/** URLs of relays, in the order of the list, each once. */
export interface RelayList {
  /** Where the key reads what mentions it. */
  readonly read: readonly string[];
  /** Where the key publishes. */
  readonly write: readonly string[];
}

/** A list with nothing in it. */
export const EMPTY_RELAY_LIST: RelayList = { read: [], write: [] };

/**
 * Ports of services that may take what a stranger wrote into a URL for their own language, such as
 * SMTP. Browsers do not connect there either, so no relay is found there.
 *
 * @see Fetch Standard §2.9 "Port blocking"
 */
const BAD_PORTS: ReadonlySet<number> = new Set([
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22],
  ...[23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101],
  ...[102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135],
  ...[137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515],
  ...[526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636],
  ...[989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060],
  ...[5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);

/** Tags that are looked at. A list of more relays than that is no use to anybody. */
const MAX_TAGS = 100;

/** The longest URL, characters. */
const MAX_URL_CHARACTERS = 255;

/**
 * The first relays of a list that can be connected to.
 *
 * @param maxRelays how many of each, reading and writing
 * @see NIP-65
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { relayListOf } from "./relay_list.ts";
 *
 * const tags = [["r", "wss://one.example"], ["r", "wss://two.example", "write"], ["r", "junk"]];
 * deepEqual(relayListOf({ tags }, 4), {
 *   read: ["wss://one.example/"],
 *   write: ["wss://one.example/", "wss://two.example/"],
 * });
 * ```
 */
export function relayListOf({ tags }: Pick<NostrEvent, "tags">, maxRelays: number): RelayList {
  const read = new Set<string>();
  const write = new Set<string>();
  for (const [name, text = "", use] of tags.slice(0, MAX_TAGS)) {
    if (name !== "r" || (use ?? "") !== "" && use !== "read" && use !== "write") continue;
    if (read.size >= maxRelays && write.size >= maxRelays) break;
    const url = relayUrlIn(text);
    if (url === undefined) continue;
    if (use !== "write" && read.size < maxRelays) read.add(url);
    if (use !== "read" && write.size < maxRelays) write.add(url);
  }
  return { read: [...read], write: [...write] };
}

/**
 * The URL of a relay in its usual spelling; undefined for what is no `wss://` or `ws://`, is too
 * long, has a port at which no relay is, or has a password, which is nobody's to send.
 */
export function relayUrlIn(text: string): string | undefined {
  if (text.length > MAX_URL_CHARACTERS || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== "wss:" && url.protocol !== "ws:") return undefined;
  if (url.username !== "" || url.password !== "" || url.hostname === "") return undefined;
  if (url.port !== "" && BAD_PORTS.has(Number(url.port))) return undefined;
  url.hash = "";
  return url.href.length > MAX_URL_CHARACTERS ? undefined : url.href;
}

/** The host and port of a URL that {@link relayUrlIn} gave. */
export function relayHostOf(url: string): string {
  return new URL(url).host;
}
