/**
 * Tombstones: what was deleted and must not be stored again.
 *
 * They only accumulate, and the order of arrival does not matter: whether an event is covered
 * depends on the set of requests seen so far.
 *
 * @see NIP-09, NIP-62
 * @module
 */

import { DELETION_REQUEST, deletionTargets } from "../../nostr/deletion_request.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { ownersOf } from "../../nostr/gift_wrap.ts";
import { type Address, addressOf, addressText, isNewer } from "../../nostr/kind.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { LateEvent } from "../event_store.ts";

/**
 * In the tombstone of an id, it stands for the operator, who deleted the event. It is the public
 * key of no event, because zero is no x coordinate of a point of secp256k1.
 */
export const OPERATOR = "0".repeat(64);

/**
 * Whether the event is a deletion or vanish request. A vanish request for another relay is refused
 * before it gets here.
 */
export function isRequest({ kind }: Pick<NostrEvent, "kind">): boolean {
  return kind === DELETION_REQUEST || kind === VANISH_REQUEST;
}

/**
 * Whether an event that comes after its deletion was requested deletes others: what it asks for, or
 * older versions of its address.
 */
export function takesOthers(event: NostrEvent): boolean {
  return isRequest(event) || addressOf(event) !== undefined;
}

/** An address of which this version and all older ones are deleted. */
export interface DeletedAddress {
  readonly address: Address;
  readonly createdAt: number;
  /** Of the newest deleted version; empty when all versions of that second are deleted. */
  readonly id: string;
}

/**
 * The deletion and vanish requests seen so far; tells whether they cover an event.
 *
 * @see NIP-09, NIP-62
 */
export class Tombstones {
  /**
   * By id, the public keys that asked for its deletion. It is deleted if one of them owns the
   * event, or is {@link OPERATOR}.
   */
  readonly ids = new Map<string, Set<string>>();
  /** By {@link addressText}. */
  readonly addresses = new Map<string, DeletedAddress>();
  /** By public key, up to which time its events are deleted: seconds since 1970, inclusive. */
  readonly vanished = new Map<string, number>();

  /** Whether there are no tombstones. */
  get isEmpty(): boolean {
    return this.ids.size + this.addresses.size + this.vanished.size === 0;
  }

  /**
   * Adds what a deletion or vanish request asks for; ignores other events. A vanish request must be
   * meant for this relay.
   */
  noteDeletion(event: LateEvent): void {
    const { pubkey, created_at } = event;
    if (event.kind === VANISH_REQUEST) this.vanish(pubkey, created_at);
    const { ids, addresses } = deletionTargets(event);
    for (const id of ids) this.delete(id, pubkey);
    for (const address of addresses) this.close({ address, createdAt: created_at, id: "" });
  }

  /** Notes that `pubkey` asked for the deletion of `id`. */
  delete(id: string, pubkey: string): void {
    const askers = this.ids.get(id) ?? new Set();
    this.ids.set(id, askers.add(pubkey));
  }

  /**
   * Forgets what the operator deleted, and returns the ids of which it was known. An address that was
   * closed with such a version is closed for the second before it.
   */
  restore(ids: Iterable<string>): ReadonlySet<string> {
    const restored = new Set<string>();
    for (const id of ids) {
      if (this.ids.get(id)?.delete(OPERATOR) === true) restored.add(id);
    }
    if (restored.size === 0) return restored;
    for (const [key, closed] of this.addresses) {
      const { address: { pubkey }, id, createdAt } = closed;
      if (!restored.has(id) || this.ids.get(id)?.has(pubkey) === true) continue;
      this.addresses.set(key, { ...closed, createdAt: createdAt - 1, id: "" });
    }
    return restored;
  }

  /** Notes that all versions of an address up to this one are deleted. */
  close(deleted: DeletedAddress): void {
    const key = addressText(deleted.address);
    const known = this.addresses.get(key);
    if (known === undefined || isNewer(versionOf(deleted), versionOf(known))) {
      this.addresses.set(key, deleted);
    }
  }

  /** Notes that the events of `pubkey` up to `untilS` are deleted. */
  vanish(pubkey: string, untilS: number): void {
    this.vanished.set(pubkey, Math.max(untilS, this.vanished.get(pubkey) ?? 0));
  }

  /** Whether the event must not be stored. */
  covers(event: LateEvent): boolean {
    const owners = ownersOf(event);
    if (owners.some((owner) => this.#hasVanished(event, owner))) return true;
    const askers = this.ids.get(event.id);
    if (askers?.has(OPERATOR)) return true;
    // NIP-09: a deletion request against a deletion request has no effect. Nor has one against a
    // vanish request.
    if (isRequest(event)) return false;
    return owners.some((owner) => askers?.has(owner)) || this.#isClosed(event);
  }

  /**
   * Closes the address of a covered event up to that version, and returns the tombstone if that is
   * new. The covered version had replaced all older ones, so deleting it must not bring one of them
   * back.
   */
  closeUpTo(event: LateEvent): DeletedAddress | undefined {
    const address = addressOf(event);
    if (address === undefined || this.#isClosed(event)) return undefined;
    // The vanish tombstone covers all older versions already.
    if (this.#hasVanished(event, event.pubkey)) return undefined;
    const deleted = { address, createdAt: event.created_at, id: event.id };
    this.close(deleted);
    return deleted;
  }

  #hasVanished(
    { kind, created_at }: Pick<NostrEvent, "kind" | "created_at">,
    owner: string,
  ): boolean {
    const untilS = this.vanished.get(owner);
    if (untilS === undefined) return false;
    // The vanish request itself stays, so that others learn of it.
    return kind === VANISH_REQUEST ? created_at < untilS : created_at <= untilS;
  }

  #isClosed(event: LateEvent): boolean {
    const address = addressOf(event);
    const closed = address && this.addresses.get(addressText(address));
    return closed !== undefined && !isNewer(event, versionOf(closed));
  }
}

function versionOf({ createdAt, id }: DeletedAddress): Pick<NostrEvent, "created_at" | "id"> {
  return { created_at: createdAt, id };
}
