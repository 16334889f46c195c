/**
 * What was deleted and must not come back.
 *
 * Everything in here only ever grows, and nothing depends on what came first: whether an event is covered
 * follows from the requests that were seen, in whatever order they and the event arrived.
 *
 * @see NIP-09, NIP-62
 * @module
 */

import { DELETION_REQUEST, deletionTargets } from "../../nostr/deletion_request.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { ownersOf } from "../../nostr/gift_wrap.ts";
import { type Address, addressOf, isNewer } from "../../nostr/kind.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";

/**
 * Whether the event asks to remove others. A request to vanish is one for whoever is given it: those
 * meant for other relays are refused before.
 */
export function isRequest({ kind }: Pick<NostrEvent, "kind">): boolean {
  return kind === DELETION_REQUEST || kind === VANISH_REQUEST;
}

/** An address of which this version and all older ones are gone. */
export interface DeletedAddress {
  readonly address: Address;
  readonly createdAt: number;
  /** Of the newest version that is gone; empty when all of that second are. */
  readonly id: string;
}

/**
 * The requests to delete and to vanish that were seen, and by them whether an event may be there.
 *
 * @see NIP-09, NIP-62
 */
export class Tombstones {
  /** Who asked for the deletion of an id. It is to be deleted if one of them owns it. */
  readonly ids = new Map<string, Set<string>>();
  /** By {@link keyOf}. */
  readonly addresses = new Map<string, DeletedAddress>();
  /** Until when what a public key said is gone, seconds since 1970, inclusive. */
  readonly vanished = new Map<string, number>();

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.ids.size + this.addresses.size + this.vanished.size === 0;
  }

  /** Takes in what the event asks, if it is a request. One to vanish must be meant for this relay. */
  noteDeletion(event: NostrEvent): void {
    const { pubkey, created_at } = event;
    if (event.kind === VANISH_REQUEST) this.vanish(pubkey, created_at);
    const { ids, addresses } = deletionTargets(event);
    for (const id of ids) this.delete(id, pubkey);
    for (const address of addresses) this.close({ address, createdAt: created_at, id: "" });
  }

  /** `pubkey` asked for the deletion of `id`. */
  delete(id: string, pubkey: string): void {
    const askers = this.ids.get(id) ?? new Set();
    this.ids.set(id, askers.add(pubkey));
  }

  /** Nothing at the address up to this version is to be there. */
  close(deleted: DeletedAddress): void {
    const key = keyOf(deleted.address);
    const known = this.addresses.get(key);
    if (known === undefined || isNewer(versionOf(deleted), versionOf(known))) {
      this.addresses.set(key, deleted);
    }
  }

  /** Nothing of `pubkey` up to `untilS` is to be there. */
  vanish(pubkey: string, untilS: number): void {
    this.vanished.set(pubkey, Math.max(untilS, this.vanished.get(pubkey) ?? 0));
  }

  /** Whether the event is not to be there. */
  cover(event: NostrEvent): boolean {
    const owners = ownersOf(event);
    if (owners.some((owner) => this.#hasVanished(event, owner))) return true;
    // A deletion request against a deletion request has no effect, and none against one to vanish.
    if (isRequest(event)) return false;
    const askers = this.ids.get(event.id);
    return owners.some((owner) => askers?.has(owner)) || this.#isClosed(event);
  }

  /**
   * Closes the address of a covered event up to that version, unless it is, and gives what is closed
   * now: its author had put it in the place of all older ones, so none of them comes back when it goes.
   */
  closeUpTo(event: NostrEvent): DeletedAddress | undefined {
    const address = addressOf(event);
    if (address === undefined || this.#isClosed(event)) return undefined;
    // Whoever has vanished left nothing older.
    if (this.#hasVanished(event, event.pubkey)) return undefined;
    const deleted = { address, createdAt: event.created_at, id: event.id };
    this.close(deleted);
    return deleted;
  }

  #hasVanished({ kind, created_at }: NostrEvent, owner: string): boolean {
    const untilS = this.vanished.get(owner);
    if (untilS === undefined) return false;
    // The request itself stays, for others to learn of it.
    return kind === VANISH_REQUEST ? created_at < untilS : created_at <= untilS;
  }

  #isClosed(event: NostrEvent): boolean {
    const address = addressOf(event);
    const closed = address && this.addresses.get(keyOf(address));
    return closed !== undefined && !isNewer(event, versionOf(closed));
  }
}

/** One text for each address. */
function keyOf({ kind, pubkey, d }: Address): string {
  return `${kind}:${pubkey}:${d}`;
}

function versionOf({ createdAt, id }: DeletedAddress): Pick<NostrEvent, "created_at" | "id"> {
  return { created_at: createdAt, id };
}
