/**
 * Deletes events as the operator decided, and takes that back, inside a transaction.
 *
 * @module
 */

import type { Session } from "../database/database.ts";
import type { Erasure } from "../event_store.ts";
import { readRecord } from "../feed/feed_statements.ts";
import type { StoreFeed } from "../feed/store_feed.ts";
import { deleteTags } from "./put_statements.ts";
import {
  deleteErasedIds,
  eraseByIds,
  insertDeletedIds,
  lockAlone,
  reopenSlots,
} from "./tombstone_statements.ts";
import { OPERATOR } from "./tombstones.ts";
import { deleteEvents } from "./upkeep_statements.ts";

/** Deletes the events, announces that, and returns how many there were. */
export async function eraseEvents(
  erasure: Erasure,
  session: Session,
  feed: Pick<StoreFeed, "announceErasure">,
): Promise<number> {
  const { ids, isRemembered } = erasure;
  await session.query(lockAlone);
  const [rows] = await Promise.all([
    isRemembered ? session.query(eraseByIds(ids)) : forget(ids, session),
    isRemembered
      ? session.query(insertDeletedIds(ids.map((id) => ({ id, pubkey: OPERATOR }))))
      : [],
  ]);
  const versions = rows.flatMap(({ json }) => json.length > 0 ? readRecord(json)?.event ?? [] : []);
  await Promise.all([
    rows.length > 0 ? session.query(deleteTags(rows.map(({ key }) => key))) : undefined,
    feed.announceErasure(session, erasure, versions),
  ]);
  return rows.length;
}

/** Forgets the deletion of these events, announces that, and returns of how many it was remembered. */
export async function restoreEvents(
  ids: readonly string[],
  session: Session,
  feed: Pick<StoreFeed, "announceRestored">,
): Promise<number> {
  await session.query(lockAlone);
  const restored = await session.query(deleteErasedIds(ids));
  if (restored.length === 0) return 0;
  await Promise.all([
    session.query(reopenSlots(restored)),
    feed.announceRestored(session, restored),
  ]);
  return restored.length;
}

async function forget(ids: readonly string[], session: Session) {
  const keys = await session.query(deleteEvents(ids));
  return keys.map((key) => ({ key, json: new Uint8Array() }));
}
