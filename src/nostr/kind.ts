/**
 * Classifies kinds as NIP-01 does, and computes the addresses of replaceable and addressable
 * events.
 *
 * @see NIP-01 "Kinds"
 * @module
 */

import type { NostrEvent } from "./event.ts";

/** Kinds from `first` to `last`, inclusive. */
export interface KindRange {
  readonly first: number;
  readonly last: number;
}

/** Whether a kind is in a range. */
export function isInRange({ first, last }: KindRange, kind: number): boolean {
  return first <= kind && kind <= last;
}

/** The kind of a profile. @see NIP-01 "Kinds" */
export const PROFILE = 0;

/** The kind of a follow list. @see NIP-02 */
export const FOLLOW_LIST = 3;

/**
 * Which events of a kind a relay stores.
 *
 * - `regular`: all.
 * - `replaceable`: the newest for an author and kind.
 * - `addressable`: the newest for an author, kind and `d` value.
 * - `ephemeral`: none; they are only forwarded.
 */
type KindClass = "regular" | "replaceable" | "ephemeral" | "addressable";

/**
 * The class of a kind. NIP-01 does not define 45 to 999 and 40000 to 65535; published NIPs use them
 * for events to be stored, so they are regular. Kind 41 is regular because its range is, although
 * some relays replace it.
 *
 * @see NIP-01 "Kinds"
 */
export function kindClass(kind: number): KindClass {
  if (kind < 10_000) return kind === PROFILE || kind === FOLLOW_LIST ? "replaceable" : "regular";
  if (kind < 20_000) return "replaceable";
  if (kind < 30_000) return "ephemeral";
  return kind < 40_000 ? "addressable" : "regular";
}

/** What identifies a replaceable or addressable event across its versions. */
export interface Address {
  readonly kind: number;
  readonly pubkey: string;
  /** The `d` tag of an addressable event; empty for a replaceable one. */
  readonly d: string;
}

/**
 * The address of a replaceable or addressable event; undefined for other events. A replaceable
 * event's `d` tag has no meaning, so its `d` is empty.
 *
 * @see NIP-01 "Kinds"
 */
export function addressOf(
  event: Pick<NostrEvent, "kind" | "pubkey" | "tags">,
): Address | undefined {
  switch (kindClass(event.kind)) {
    case "replaceable":
      return { kind: event.kind, pubkey: event.pubkey, d: "" };
    case "addressable":
      return { kind: event.kind, pubkey: event.pubkey, d: identifierOf(event.tags) };
    default:
      return undefined;
  }
}

/**
 * Formats an address as in an `a` tag.
 *
 * @example
 * ```ts
 * import { addressText } from "./kind.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(addressText({ kind: 30_023, pubkey: "ab", d: "intro" }), "30023:ab:intro");
 * ```
 */
export function addressText({ kind, pubkey, d }: Address): string {
  return `${kind}:${pubkey}:${d}`;
}

/** The value of the first `d` tag; empty when there is none, or when it has no value. */
function identifierOf(tags: NostrEvent["tags"]): string {
  for (const tag of tags) {
    if (tag[0] === "d") return tag[1] ?? "";
  }
  return "";
}

/**
 * Whether `a` supersedes `b` at the same address: it is newer or, in the same second, has the lower
 * id in lexical order.
 *
 * @see NIP-01 "Kinds"
 */
export function isNewer(
  a: Pick<NostrEvent, "created_at" | "id">,
  b: Pick<NostrEvent, "created_at" | "id">,
): boolean {
  return a.created_at !== b.created_at ? a.created_at > b.created_at : a.id < b.id;
}
