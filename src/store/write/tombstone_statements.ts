/**
 * The statements that store tombstones and delete the events that they cover.
 *
 * @module
 */

import { DELETION_REQUEST } from "../../nostr/deletion_request.ts";
import type { HashText } from "../../nostr/event_id.ts";
import { GIFT_WRAP } from "../../nostr/gift_wrap.ts";
import { hexToBytes } from "../../nostr/hex.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import { byteaArray, plainArray } from "../database/array_literal.ts";
import type { Statement } from "../database/database.ts";
import { authorFingerprint, type Fingerprint, idPrefixOf, tagFingerprint } from "../fingerprint.ts";
import { type DeletedAddress, OPERATOR } from "./tombstones.ts";

/** A deletion request of `pubkey` for an id. */
export interface DeletedId {
  readonly id: string;
  readonly pubkey: string;
}

/** A vanish request: nothing of `pubkey` up to a time may be stored. */
export interface Vanished {
  readonly pubkey: string;
  /** Seconds since 1970, inclusive. */
  readonly untilS: number;
}

/** An address with the fingerprint of its `d` tag, as in the table `events`. */
export interface Slot {
  readonly pubkey: string;
  readonly kind: number;
  readonly slot: Fingerprint;
}

/** An address of which all versions up to one are deleted. */
export type DeletedSlot = Slot & Pick<DeletedAddress, "createdAt" | "id">;

/** The key of the advisory lock: "gallimde" in ASCII. */
const LOCK = "7449354471528555621";

/** Shared lock: until the transaction ends, nobody else gets {@link lockAlone}. */
export const lockTogether: Statement<void> = {
  text: "select pg_advisory_xact_lock_shared($1::int8)::text",
  parameters: [LOCK],
  read: () => {},
};

/**
 * Exclusive lock: until the transaction ends, nobody else writes events. A deletion needs it: an
 * event and its deletion request in concurrent transactions do not see each other, and the event
 * would stay.
 */
export const lockAlone: Statement<void> = {
  text: "select pg_advisory_xact_lock($1::int8)::text",
  parameters: [LOCK],
  read: () => {},
};

/** Stores tombstones of ids. */
export function insertDeletedIds(deleted: readonly DeletedId[]): Statement<void> {
  return {
    text: `insert into deleted_ids (id, pubkey)
select * from unnest($1::bytea[], $2::bytea[])
on conflict do nothing`,
    parameters: idArrays(deleted),
    read: () => {},
  };
}

/**
 * Stores tombstones of addresses, each at most once; of two for one address the newer version
 * remains.
 */
export function upsertDeletedSlots(deleted: readonly DeletedSlot[]): Statement<void> {
  return {
    text: `insert into deleted_addresses (pubkey, kind, slot, created_at, id)
select * from unnest(${SLOT_ARRAYS})
${KEEP_NEWER}`,
    parameters: slotArrays(deleted),
    read: () => {},
  };
}

/** Stores tombstones of vanished public keys, each at most once. */
export function upsertVanished(vanished: readonly Vanished[]): Statement<void> {
  return {
    text: `insert into vanished (pubkey, until_time)
select * from unnest($1::bytea[], $2::int8[])
on conflict (pubkey) do update set until_time = excluded.until_time
where excluded.until_time > vanished.until_time`,
    parameters: vanishedArrays(vanished),
    read: () => {},
  };
}

/**
 * Deletes the events with these ids that belong to the author of the request, closes their
 * addresses, and returns their keys.
 *
 * @see NIP-09, NIP-59 "Deletion"
 */
export function deleteByIds(
  deleted: readonly DeletedId[],
  hashText: HashText,
): Statement<number> {
  return {
    text: `with gone as (
  delete from events
  using unnest($1::bytea[], $2::bytea[], $3::uuid[], $4::uuid[]) as asked (id, pubkey, head, received)
  where events.head = asked.head and events.id = asked.id
    and events.kind not in (${DELETION_REQUEST}, ${VANISH_REQUEST})
    and (events.pubkey = asked.pubkey or (events.kind = ${GIFT_WRAP} and exists (
      select from tags where tags.event = events.key and tags.tag = asked.received)))
  returning events.key, events.pubkey, events.kind, slot, created_at, events.id
), closed as (
  insert into deleted_addresses (pubkey, kind, slot, created_at, id)
  select pubkey, kind, slot, created_at, id from gone where slot is not null
  ${KEEP_NEWER}
)
select key from gone`,
    parameters: [
      ...idArrays(deleted),
      plainArray(deleted.map(({ id }) => idPrefixOf(id))),
      plainArray(deleted.map(({ pubkey }) => sentTo(pubkey, hashText))),
    ],
    read: (cells) => cells.integer(0),
  };
}

/** A row that the operator deleted. */
interface ErasedRow {
  readonly key: number;
  /** The JSON of a replaceable or addressable event; empty for others. */
  readonly json: Uint8Array;
}

/** Deletes the events with these ids, whoever wrote them, and closes their addresses. */
export function eraseByIds(ids: readonly string[]): Statement<ErasedRow> {
  return {
    text: `with gone as (
  delete from events where head = any($1::uuid[]) returning key, pubkey, kind, slot, created_at, id, raw
), closed as (
  insert into deleted_addresses (pubkey, kind, slot, created_at, id)
  select pubkey, kind, slot, created_at, id from gone where slot is not null
  ${KEEP_NEWER}
)
select key, case when slot is null then '' else raw end from gone`,
    parameters: [plainArray(ids.map(idPrefixOf))],
    read: (cells) => ({ key: cells.integer(0), json: cells.utf8(1) }),
  };
}

/** Deletes the operator's tombstones of these ids, and returns the ids that had one. */
export function deleteErasedIds(ids: readonly string[]): Statement<string> {
  return {
    text: "delete from deleted_ids where id = any($1::bytea[]) and pubkey = $2::bytea returning id",
    parameters: [byteaArray(ids), hexToBytes(OPERATOR)],
    read: (cells) => cells.hex(0),
  };
}

/**
 * Opens the addresses that were closed with these versions by somebody else than their author, up to the
 * second before.
 */
export function reopenSlots(ids: readonly string[]): Statement<void> {
  return {
    text: `update deleted_addresses as closed set created_at = created_at - 1, id = ''
where id = any($1::bytea[]) and not exists (
  select from deleted_ids where deleted_ids.id = closed.id and deleted_ids.pubkey = closed.pubkey)`,
    parameters: [byteaArray(ids)],
    read: () => {},
  };
}

/** Deletes the versions covered by these tombstones and returns their keys. */
export function deleteBySlots(
  deleted: readonly DeletedSlot[],
  hashText: HashText,
): Statement<number> {
  return {
    text: `delete from events
using unnest(${SLOT_ARRAYS}, $6::uuid[]) as closed (pubkey, kind, slot, created_at, id, author)
where events.author = closed.author and events.kind = closed.kind
  and events.slot = closed.slot and events.slot is not null
  and (events.created_at < closed.created_at
    or (events.created_at = closed.created_at and events.id >= closed.id))
returning events.key`,
    parameters: [
      ...slotArrays(deleted),
      plainArray(deleted.map(({ pubkey }) => authorFingerprint(pubkey, hashText))),
    ],
    read: (cells) => cells.integer(0),
  };
}

/**
 * Deletes what these public keys wrote up to their time, except the newest vanish request itself,
 * and returns the keys.
 *
 * @see NIP-62
 */
export function deleteOfVanished(
  vanished: readonly Vanished[],
  hashText: HashText,
): Statement<number> {
  return {
    text: `delete from events
using unnest($1::uuid[], $2::int8[]) as vanished (author, until_time)
where events.author = vanished.author and events.kind >= 0 and events.created_at <= vanished.until_time
  and (events.kind <> ${VANISH_REQUEST} or events.created_at < vanished.until_time)
returning events.key`,
    parameters: [
      plainArray(vanished.map(({ pubkey }) => authorFingerprint(pubkey, hashText))),
      plainArray(vanished.map(({ untilS }) => untilS)),
    ],
    read: (cells) => cells.integer(0),
  };
}

/**
 * Deletes the gift wraps sent to these public keys up to their time and returns the keys.
 *
 * @see NIP-59 "Deletion"
 */
export function deleteSentToVanished(
  vanished: readonly Vanished[],
  hashText: HashText,
): Statement<number> {
  return {
    text: `delete from events where key = any(array(
  select tags.event from unnest($1::uuid[], $2::int8[]) as vanished (received, until_time)
  join tags on tags.tag = vanished.received
    and tags.event > 0 and tags.kind = ${GIFT_WRAP} and tags.created_at <= vanished.until_time))
returning key`,
    parameters: [
      plainArray(vanished.map(({ pubkey }) => sentTo(pubkey, hashText))),
      plainArray(vanished.map(({ untilS }) => untilS)),
    ],
    read: (cells) => cells.integer(0),
  };
}

/** The tombstones of these ids. */
export function selectDeletedIds(ids: readonly string[]): Statement<DeletedId> {
  return {
    text: "select id, pubkey from deleted_ids where id = any($1::bytea[])",
    parameters: [byteaArray(ids)],
    read: (cells) => ({ id: cells.hex(0), pubkey: cells.hex(1) }),
  };
}

/** The tombstones of these addresses; `place` is the position in `slots`. */
export function selectDeletedSlots(
  slots: readonly Slot[],
): Statement<Pick<DeletedSlot, "createdAt" | "id"> & { readonly place: number }> {
  return {
    text: `select asked.place - 1, closed.created_at, closed.id
from unnest($1::bytea[], $2::int4[], $3::uuid[])
  with ordinality as asked (pubkey, kind, slot, place)
join deleted_addresses as closed using (pubkey, kind, slot)`,
    parameters: [
      byteaArray(slots.map(({ pubkey }) => pubkey)),
      plainArray(slots.map(({ kind }) => kind)),
      plainArray(slots.map(({ slot }) => slot)),
    ],
    read: (cells) => ({
      place: cells.integer(0),
      createdAt: cells.integer(1),
      id: cells.hex(2),
    }),
  };
}

/** The vanish tombstones of these public keys. */
export function selectVanished(pubkeys: readonly string[]): Statement<Vanished> {
  return {
    text: "select pubkey, until_time from vanished where pubkey = any($1::bytea[])",
    parameters: [byteaArray(pubkeys)],
    read: (cells) => ({ pubkey: cells.hex(0), untilS: cells.integer(1) }),
  };
}

const SLOT_ARRAYS = "$1::bytea[], $2::int4[], $3::uuid[], $4::int8[], $5::bytea[]";

const KEEP_NEWER = `on conflict (pubkey, kind, slot) do update
set created_at = excluded.created_at, id = excluded.id
where excluded.created_at > deleted_addresses.created_at
  or (excluded.created_at = deleted_addresses.created_at and excluded.id < deleted_addresses.id)`;

/** The fingerprint of the `p` tag that names the recipient. */
function sentTo(pubkey: string, hashText: HashText): Fingerprint {
  return tagFingerprint("p", pubkey, hashText)!;
}

function idArrays(deleted: readonly DeletedId[]): readonly string[] {
  return [
    byteaArray(deleted.map(({ id }) => id)),
    byteaArray(deleted.map(({ pubkey }) => pubkey)),
  ];
}

function slotArrays(deleted: readonly DeletedSlot[]): readonly string[] {
  return [
    byteaArray(deleted.map(({ pubkey }) => pubkey)),
    plainArray(deleted.map(({ kind }) => kind)),
    plainArray(deleted.map(({ slot }) => slot)),
    plainArray(deleted.map(({ createdAt }) => createdAt)),
    byteaArray(deleted.map(({ id }) => id)),
  ];
}

function vanishedArrays(vanished: readonly Vanished[]): readonly string[] {
  return [
    byteaArray(vanished.map(({ pubkey }) => pubkey)),
    plainArray(vanished.map(({ untilS }) => untilS)),
  ];
}
