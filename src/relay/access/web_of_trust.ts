/**
 * Who is within some hops of given keys, by whom people follow.
 *
 * @see NIP-02, NIP-13
 * @module
 */

import { utf8Decode } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { GIFT_WRAP } from "../../nostr/gift_wrap.ts";
import { isHex, KEY_DIGITS } from "../../nostr/hex.ts";
import { difficultyOf } from "../../nostr/proof_of_work.ts";
import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { EventStore } from "../../store/event_store.ts";
import type { Policy } from "./policy.ts";

/** The kind of a follow list. @see NIP-02 */
const FOLLOWS = 3;

/** A gift wrap that is not stored. @see NIP-59 */
const EPHEMERAL_GIFT_WRAP = 21_059;

/** Authors whose follow lists one query reads. */
const AUTHORS_PER_QUERY = 500;

/** How much of follow lists is read before others have their turn, bytes. */
const PIECE_BYTES = 65_536;

/** How far trust goes. */
export interface TrustOptions {
  /** Public keys from which it goes out, 64 hex digits. */
  readonly roots: readonly string[];
  /** 1: whom the roots follow; 2: whom those follow, too. */
  readonly maxHops: number;
  /** How many keys are trusted at most, the nearest first. */
  readonly maxKeys: number;
}

/** Gives the follow lists of authors, each as the keys that it names. */
export type FollowLists = (authors: readonly string[]) => AsyncIterable<readonly string[]>;

/**
 * The keys within `maxHops` of the roots, and the roots.
 */
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
 * The follow lists in a store.
 *
 * @param pause waited for between two steps, so that a large web does not hold the thread
 */
export function storedFollowLists(
  store: Pick<EventStore, "query">,
  { pause, signal }: { readonly pause: () => Promise<void>; readonly signal: AbortSignal },
): FollowLists {
  return async function* (authors) {
    for (let at = 0; at < authors.length; at += AUTHORS_PER_QUERY) {
      const asked = new Set(authors.slice(at, at + AUTHORS_PER_QUERY));
      const filter = { authors: asked, kinds: new Set([FOLLOWS]), tags: new Map() };
      for await (const rows of store.query([filter], { signal, pieceBytes: () => PIECE_BYTES })) {
        for (const { json } of rows) yield followedBy(JSON.parse(utf8Decode(json)!));
        await pause();
      }
    }
  };
}

function followedBy({ tags }: NostrEvent): readonly string[] {
  return tags.flatMap(([name, key = ""]) => name === "p" && isHex(key, KEY_DIGITS) ? [key] : []);
}

/** What is asked of whom nobody trusts. */
export interface StrangerOptions {
  /** Whether a key is trusted; undefined while that is not known. */
  readonly isTrusted: (key: string) => boolean | undefined;
  /** The work that a stranger's event has to show, leading zero bits of its id; undefined to refuse it. */
  readonly bits: number | undefined;
}

/**
 * Refuses events of strangers, or asks them for work. A gift wrap has an author made up for it: it counts
 * by those whom it is for. Until the web is known nobody is a stranger. Requests to vanish and what an
 * operator imports are taken from everybody.
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
        return reason("restricted", "this relay takes events of people whom its people follow");
      }
      const difficulty = difficultyOf(event.id);
      return difficulty >= bits ? undefined : reason(
        "pow",
        `difficulty ${difficulty} is less than ${bits}, which events of unknown people need`,
      );
    },
  };
}

/** For whose sake an event is taken. */
function keysOf(event: NostrEvent): readonly string[] {
  const isWrap = event.kind === GIFT_WRAP || event.kind === EPHEMERAL_GIFT_WRAP;
  return isWrap ? followedBy(event) : [event.pubkey];
}
