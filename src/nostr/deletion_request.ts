/**
 * Reads what a deletion request names.
 *
 * @see NIP-09
 * @module
 */

import type { NostrEvent } from "./event.ts";
import { isKey } from "./hex.ts";
import { type Address, kindClass } from "./kind.ts";

/** The kind of a deletion request. */
export const DELETION_REQUEST = 5;

/** What a deletion request names. */
interface DeletionTargets {
  /** Event ids, from its `e` tags. */
  readonly ids: ReadonlySet<string>;
  /**
   * Addresses, from its `a` tags: all versions up to the time of the request are deleted. Only the
   * author's own.
   */
  readonly addresses: readonly Address[];
}

/**
 * What a deletion request names; nothing for an event of another kind. Invalid values are skipped,
 * and the rest of the request counts.
 *
 * @see NIP-09
 */
export function deletionTargets(
  { kind, pubkey, tags }: Pick<NostrEvent, "kind" | "pubkey" | "tags">,
): DeletionTargets {
  const ids = new Set<string>();
  const addresses: Address[] = [];
  if (kind !== DELETION_REQUEST) return { ids, addresses };
  for (const [name, value] of tags) {
    if (value === undefined) continue;
    if (name === "e" && isKey(value)) ids.add(value);
    if (name !== "a") continue;
    const address = parseAddress(value);
    if (address?.pubkey === pubkey) addresses.push(address);
  }
  return { ids, addresses };
}

/** `<kind>:<pubkey>:<d>`. The `d` of a replaceable event is empty, and its colon is optional. */
function parseAddress(text: string): Address | undefined {
  const [, digits, pubkey, d = ""] = /^(\d{1,5}):([0-9a-f]{64})(?::(.*))?$/s.exec(text) ?? [];
  if (digits === undefined || pubkey === undefined) return undefined;
  const kind = Number(digits);
  switch (kindClass(kind)) {
    case "replaceable":
      return { kind, pubkey, d: "" };
    case "addressable":
      return { kind, pubkey, d };
    default:
      return undefined;
  }
}
