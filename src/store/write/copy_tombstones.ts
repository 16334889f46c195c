/**
 * Reads all tombstones of a database, and adds them to another.
 *
 * @module
 */

import type { Database, Parameter, Statement, StatementOptions } from "../database/database.ts";
import {
  type DeletedId,
  type DeletedSlot,
  insertDeletedIds,
  upsertDeletedSlots,
  upsertVanished,
  type Vanished,
} from "./tombstone_statements.ts";

/** Smaller than every slot fingerprint. */
const NO_SLOT = "0".repeat(32);

/** How many rows are copied at a time. */
const PAGE_ROWS = 1_000;

type Source = Pick<Database, "query">;
type Target = Pick<Database, "transaction">;

/** One of the tombstone tables, read in pages by its primary key. */
interface Kind<Row> {
  /** `after` is the last row of the page before; undefined for the first page. */
  readonly select: (after: Row | undefined) => Statement<Row>;
  readonly insert: (rows: readonly Row[]) => Statement<void>;
}

const ids: Kind<DeletedId> = {
  select: (after) => ({
    text: `select id, pubkey from deleted_ids
where (id, pubkey) > ($1::bytea, $2::bytea) order by id, pubkey limit ${PAGE_ROWS}`,
    parameters: [bytea(after?.id), bytea(after?.pubkey)],
    read: (cells) => ({ id: cells.hex(0), pubkey: cells.hex(1) }),
  }),
  insert: insertDeletedIds,
};

const slots: Kind<DeletedSlot> = {
  select: (after) => ({
    text: `select pubkey, kind, uuid_send(slot), created_at, id from deleted_addresses
where (pubkey, kind, slot) > ($1::bytea, $2::int4, $3::uuid)
order by pubkey, kind, slot limit ${PAGE_ROWS}`,
    parameters: [bytea(after?.pubkey), after?.kind ?? -1, after?.slot ?? NO_SLOT],
    read: (cells) => ({
      pubkey: cells.hex(0),
      kind: cells.integer(1),
      slot: cells.hex(2),
      createdAt: cells.integer(3),
      id: cells.hex(4),
    }),
  }),
  insert: upsertDeletedSlots,
};

const vanished: Kind<Vanished> = {
  select: (after) => ({
    text: `select pubkey, until_time from vanished
where pubkey > $1::bytea order by pubkey limit ${PAGE_ROWS}`,
    parameters: [bytea(after?.pubkey)],
    read: (cells) => ({ pubkey: cells.hex(0), untilS: cells.integer(1) }),
  }),
  insert: upsertVanished,
};

/** Some tombstones, of one or of several tables. */
export interface TombstonePage {
  readonly ids?: readonly DeletedId[];
  readonly slots?: readonly DeletedSlot[];
  readonly vanished?: readonly Vanished[];
}

/**
 * All tombstones of a database that were committed before this is called, in pages. What is added
 * meanwhile may be among them.
 */
export async function* readTombstones(
  from: Source,
  options: StatementOptions = {},
): AsyncGenerator<TombstonePage, void> {
  for await (const page of pagesOf(ids, from, options)) yield { ids: page };
  for await (const page of pagesOf(slots, from, options)) yield { slots: page };
  for await (const page of pagesOf(vanished, from, options)) yield { vanished: page };
}

/** Adds tombstones, each at most once, in one transaction. Deletes no events. */
export async function addTombstones(page: TombstonePage, to: Target): Promise<void> {
  await to.transaction(async (session) => {
    if (page.ids?.length) await session.query(ids.insert(page.ids));
    if (page.slots?.length) await session.query(slots.insert(page.slots));
    if (page.vanished?.length) await session.query(vanished.insert(page.vanished));
  });
}

/**
 * Copies all tombstones of `from` into `to`. The stored deletion requests are not enough: some may
 * be gone, and the addresses that they closed by naming an id are only known from the events
 * themselves. May be repeated.
 */
export async function copyTombstones(from: Source, to: Target): Promise<void> {
  for await (const page of readTombstones(from)) await addTombstones(page, to);
}

async function* pagesOf<Row>(
  { select }: Kind<Row>,
  from: Source,
  options: StatementOptions,
): AsyncGenerator<readonly Row[], void> {
  let rows = await from.query(select(undefined), options);
  while (rows.length > 0) {
    yield rows;
    rows = await from.query(select(rows.at(-1)), options);
  }
}

/** The `bytea` literal; the empty one is smaller than every key. */
function bytea(hex = ""): Parameter {
  return `\\x${hex}`;
}
