/**
 * Computes a web of trust from follow lists, and refuses events of keys outside it.
 *
 * @see NIP-02, NIP-13
 * @module
 */

import { utf8Decode } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { GIFT_WRAP } from "../../nostr/gift_wrap.ts";
import { isKey } from "../../nostr/hex.ts";
import { FOLLOW_LIST } from "../../nostr/kind.ts";
import { difficultyOf } from "../../nostr/proof_of_work.ts";
import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { EventStore } from "../../store/event_store.ts";
import type { Policy } from "./policy.ts";

/** The ephemeral kind of gift wrap. @see NIP-59 */
const EPHEMERAL_GIFT_WRAP = 21_059;

/** Authors whose follow lists one query reads. */
const AUTHORS_PER_QUERY = 500;

/** Bytes of follow lists read before control returns to the event loop. */
const PIECE_BYTES = 65_536;

/** The bounds of a web of trust. */
export interface TrustOptions {
  /** The public keys it starts from, 64 hex digits. */
  readonly roots: readonly string[];
  /** 1: the keys that the roots follow; 2: also the keys that those follow. */
  readonly maxHops: number;
  /** Most keys in the web; the nearest are kept. */
  readonly maxKeys: number;
}

/** Yields the follow lists of authors, each as the keys it names. */
type FollowLists = (authors: readonly string[]) => AsyncIterable<readonly string[]>;

/** The roots and all keys within `maxHops` of them. */
export async function trustedKeys(
  { roots, maxHops, maxKeys }: TrustOptions,
  followLists: FollowLists,
): Promise<ReadonlySet<string>> {
  const trusted = new Set(roots);
  let frontier: readonly string[] = [...trusted];
  for (let hop = 0; hop < maxHops && frontier.length > 0; hop++) {
    const next: string[] = [];
    for await (const follows of followLists(frontier)) {
      for (const key of follows) {
        if (trusted.has(key)) continue;
        if (trusted.size >= maxKeys) return trusted;
        trusted.add(key);
        next.push(key);
      }
    }
    frontier = next;
  }
  return trusted;
}

/**
 * Reads follow lists from a store.
 * @param pause awaited between two steps, so that a large web does not block the event loop
 */
export function storedFollowLists(
  store: Pick<EventStore, "query">,
  { pause, signal }: { readonly pause: () => Promise<void>; readonly signal: AbortSignal },
): FollowLists {
  return async function* (authors) {
    for (let at = 0; at < authors.length; at += AUTHORS_PER_QUERY) {
      const asked = new Set(authors.slice(at, at + AUTHORS_PER_QUERY));
      const filter = { authors: asked, kinds: new Set([FOLLOW_LIST]), tags: new Map() };
      for await (const rows of store.query([filter], { signal, pieceBytes: () => PIECE_BYTES })) {
        for (const { json } of rows) yield followedBy(JSON.parse(utf8Decode(json)!));
        await pause();
      }
    }
  };
}

function followedBy({ tags }: NostrEvent): readonly string[] {
  return tags.flatMap(([name, key = ""]) => name === "p" && isKey(key) ? [key] : []);
}

/** What is required of keys outside the web. */
interface StrangerOptions {
  /** Whether a key is in the web; undefined while the web is not known. */
  readonly isTrusted: (key: string) => boolean | undefined;
  /** The difficulty that events of untrusted keys need, zero bits; undefined to refuse them. */
  readonly bits: number | undefined;
}

/**
 * Refuses events of untrusted keys, or asks them for proof of work. A gift wrap's author is a
 * throwaway key, so its recipients count instead. While the web is unknown every key is trusted.
 * Requests to vanish and imported events are exempt.
 */
export function webOfTrust({ isTrusted, bits }: StrangerOptions): Policy {
  return {
    name: "web of trust",
    information: bits === undefined ? { restrictedWrites: true } : { supportedNips: [13] },
    screen({ event, origin }) {
      if (event.kind === VANISH_REQUEST || origin === "import" || origin === "relay") {
        return undefined;
      }
      if (keysOf(event).some((key) => isTrusted(key) !== false)) return undefined;
      if (bits === undefined) {
        return reason("restricted", "this relay accepts events of keys in its web of trust only");
      }
      const difficulty = difficultyOf(event.id);
      return difficulty >= bits ? undefined : reason(
        "pow",
        `difficulty ${difficulty} is less than ${bits}, which events of unknown people need`,
      );
    },
  };
}

/** The keys whose trust decides. */
function keysOf(event: NostrEvent): readonly string[] {
  const isWrap = event.kind === GIFT_WRAP || event.kind === EPHEMERAL_GIFT_WRAP;
  return isWrap ? followedBy(event) : [event.pubkey];
}
