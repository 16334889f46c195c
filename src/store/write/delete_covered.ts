/**
 * Applies deletions inside the transaction that writes a batch: both the requests in the batch and
 * the tombstones that cover its events.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import { ownersOf } from "../../nostr/gift_wrap.ts";
import { addressOf } from "../../nostr/kind.ts";
import type { Session } from "../database/database.ts";
import type { EventRecord } from "../event_store.ts";
import { newestFirst } from "./ordered_batch.ts";
import { deleteTags } from "./put_statements.ts";
import { slotFingerprint } from "../fingerprint.ts";
import {
  deleteByIds,
  deleteBySlots,
  type DeletedId,
  type DeletedSlot,
  deleteOfVanished,
  deleteSentToVanished,
  insertDeletedIds,
  lockAlone,
  lockTogether,
  selectDeletedIds,
  selectDeletedSlots,
  selectVanished,
  upsertDeletedSlots,
  upsertVanished,
  type Vanished,
} from "./tombstone_statements.ts";
import { type DeletedAddress, Tombstones } from "./tombstones.ts";

interface DeletionOptions {
  readonly session: Session;
  /** Computes fingerprints. */
  readonly hashText: HashText;
  /** Whether the transaction excludes all other writers, see {@link lockAlone}. */
  readonly alone: boolean;
}

/** The batch deletes something and has to be written with {@link DeletionOptions.alone}. */
export class MustBeAlone extends Error {
  override readonly name = "MustBeAlone";
}

/**
 * Carries out the deletion and vanish requests of a batch, and reads the tombstones that may cover its
 * events. Takes the lock that orders deletions and other writes, so it must come first in the
 * transaction.
 */
export function carryOutRequests(
  batch: readonly EventRecord[],
  { session, alone, hashText }: DeletionOptions,
): Promise<FoundTombstones> {
  const owners = new Set(batch.flatMap(({ event }) => ownersOf(event)));
  const addresses = batch.flatMap(({ event }) => addressOf(event) ?? []);
  const slots = addresses.map((address) => ({
    ...address,
    slot: slotFingerprint(address.d, hashText),
  }));
  return Promise.all([
    session.query(alone ? lockAlone : lockTogether),
    alone ? carryOut(batch, session, hashText) : [],
    session.query(selectDeletedIds(batch.map(({ event }) => event.id))),
    slots.length > 0 ? session.query(selectDeletedSlots(slots)) : [],
    session.query(selectVanished([...owners])),
  ]);
}

/** What {@link carryOutRequests} found: after the lock, the keys of deleted events, and tombstones. */
type FoundTombstones = readonly [
  unknown,
  readonly number[],
  readonly DeletedId[],
  readonly (Pick<DeletedSlot, "createdAt" | "id"> & { readonly place: number })[],
  readonly Vanished[],
];

/**
 * The places of the events that must not be written. Deletes what these events would have replaced.
 *
 * @returns a promise only where something has to be deleted
 * @throws MustBeAlone when the batch deletes something and {@link DeletionOptions.alone} is not set. Set it
 *   from the start for a batch with requests.
 */
export function deleteCovered(
  batch: readonly EventRecord[],
  [, deleted, ids, slots, vanished]: FoundTombstones,
  options: DeletionOptions,
): ReadonlySet<number> | Promise<ReadonlySet<number>> {
  const known = new Tombstones();
  for (const { id, pubkey } of ids) known.delete(id, pubkey);
  const addresses = slots.length === 0 ? [] : batch.flatMap(({ event }) => addressOf(event) ?? []);
  for (const { place, createdAt, id } of slots) {
    known.close({ address: addresses[place]!, createdAt, id });
  }
  for (const { pubkey, untilS } of vanished) known.vanish(pubkey, untilS);
  const { places, closed } = coveredBy(known, batch);
  if (deleted.length + closed.length === 0) return places;
  if (closed.length > 0 && !options.alone) throw new MustBeAlone();
  return deleteRest(deleted, closed, options).then(() => places);
}

/** Deletes the tags of deleted events, and the versions that a covered event would have replaced. */
async function deleteRest(
  deleted: readonly number[],
  closed: readonly DeletedAddress[],
  { session, hashText }: DeletionOptions,
): Promise<void> {
  const [, older] = await Promise.all([
    deleted.length > 0 ? session.query(deleteTags(deleted)) : [],
    closed.length > 0
      ? deleteSlots(closed.map((one) => slotOf(one, hashText)), session, hashText)
      : [],
  ]);
  if (older.length > 0) await session.query(deleteTags(older));
}

/** Stores the tombstones of the batch's requests, and deletes what they cover. Returns the keys. */
async function carryOut(
  batch: readonly EventRecord[],
  session: Session,
  hashText: HashText,
): Promise<readonly number[]> {
  const requests = new Tombstones();
  for (const { event } of batch) requests.noteDeletion(event);
  const ids = [...requests.ids].flatMap(([id, pubkeys]) =>
    Array.from(pubkeys, (pubkey) => ({ id, pubkey }))
  );
  const slots = [...requests.addresses.values()].map((deleted) => slotOf(deleted, hashText));
  const vanished = [...requests.vanished].map(([pubkey, untilS]) => ({ pubkey, untilS }));
  const keys = await Promise.all([
    ...inParts(ids).map((part) => deleteIds(part, session, hashText)),
    ...inParts(slots).map((part) => deleteSlots(part, session, hashText)),
    vanished.length > 0 ? deleteVanished(vanished, session, hashText) : [],
  ]);
  return keys.flat();
}

/** The most targets of one statement, so that each ends well within the statement timeout. */
const STATEMENT_TARGETS = 1_000;

function inParts<One>(all: readonly One[]): readonly (readonly One[])[] {
  const count = Math.ceil(all.length / STATEMENT_TARGETS);
  return Array.from(
    { length: count },
    (_, part) => all.slice(part * STATEMENT_TARGETS, (part + 1) * STATEMENT_TARGETS),
  );
}

async function deleteIds(
  ids: readonly DeletedId[],
  session: Session,
  hashText: HashText,
): Promise<readonly number[]> {
  const [keys] = await Promise.all([
    session.query(deleteByIds(ids, hashText)),
    session.query(insertDeletedIds(ids)),
  ]);
  return keys;
}

async function deleteSlots(
  slots: readonly DeletedSlot[],
  session: Session,
  hashText: HashText,
): Promise<readonly number[]> {
  const [keys] = await Promise.all([
    session.query(deleteBySlots(slots, hashText)),
    session.query(upsertDeletedSlots(slots)),
  ]);
  return keys;
}

async function deleteVanished(
  vanished: readonly Vanished[],
  session: Session,
  hashText: HashText,
): Promise<readonly number[]> {
  const [written, received] = await Promise.all([
    session.query(deleteOfVanished(vanished, hashText)),
    session.query(deleteSentToVanished(vanished, hashText)),
    session.query(upsertVanished(vanished)),
  ]);
  return [...written, ...received];
}

/**
 * The places of the covered events, and the addresses that these events close further than before.
 */
function coveredBy(
  known: Tombstones,
  batch: readonly EventRecord[],
): { readonly places: ReadonlySet<number>; readonly closed: readonly DeletedAddress[] } {
  const places = new Set<number>();
  const closed: DeletedAddress[] = [];
  if (known.isEmpty) return { places, closed };
  // Newest version first: if it is covered, the older ones are too, and the address is closed once.
  for (const place of newestFirst(batch)) {
    const { event } = batch[place]!;
    if (!known.covers(event)) continue;
    places.add(place);
    const deleted = known.closeUpTo(event);
    if (deleted !== undefined) closed.push(deleted);
  }
  return { places, closed };
}

function slotOf({ address, createdAt, id }: DeletedAddress, hashText: HashText): DeletedSlot {
  const { kind, pubkey, d } = address;
  return { pubkey, kind, slot: slotFingerprint(d, hashText), createdAt, id };
}
