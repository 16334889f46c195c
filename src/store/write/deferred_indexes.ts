/**
 * Indexes that are built after a bulk load.
 *
 * Building an index at once is many times cheaper than inserting its entries one by one. So before
 * a bulk load into an empty database, the indexes that only queries use are dropped, and built
 * afterwards. Their definitions are saved in the transaction that drops them: if the program is
 * killed in between, the next one to open the database builds them.
 *
 * @module
 */

import type { Database, Session, Statement } from "../database/database.ts";
import { LISTENER_NAME } from "../database/database.ts";
import { lockSchema } from "../database/migrations.ts";

/**
 * The indexes that only queries use. Writing uses the others: to look up ids and addresses, and to
 * delete the tags of an event.
 */
const DEFERRABLE = [
  "events_by_time",
  "events_by_kind",
  "events_by_author",
  "events_by_author_kind",
  "tags_by_value",
  "tags_by_value_kind",
  "tags_by_value_author",
  "event_words_by_word",
];

/**
 * Drops the indexes that only queries use, if the database has no events yet, no instance listens on
 * it, and this user may create them again; says whether it did. Until {@link buildIndexes} is called, queries read whole
 * tables. An instance that starts in between calls it.
 */
export async function deferIndexes(database: Pick<Database, "transaction">): Promise<boolean> {
  return await database.transaction(async (session) => {
    await session.query(lockSchema);
    const [isNeeded] = await session.query(selectNeed);
    if (isNeeded) return false;
    const names = await session.query(noteDeferred);
    if (names.length > 0) await session.script(`drop index ${names.join(", ")}`);
    return true;
  });
}

/**
 * Builds the deferred indexes, each in its own transaction, and returns their names. Several
 * processes may call this at the same time: one builds, the others wait and find nothing left to
 * do.
 */
export async function buildIndexes(
  database: Pick<Database, "transaction">,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (;;) {
    const name = await database.transaction(buildNext, { isUnhurried: true });
    if (name === undefined) return names;
    names.push(name);
  }
}

/** The names of the indexes that {@link buildIndexes} would build. */
export async function missingIndexes(
  database: Pick<Database, "transaction">,
): Promise<readonly string[]> {
  return await database.transaction((session) => session.query(selectDeferred));
}

/** `maintenance_work_mem` while an index is built. */
const SORT_MEMORY = "64MB";

async function buildNext(session: Session): Promise<string | undefined> {
  await session.script(
    `set local statement_timeout = 0; set local maintenance_work_mem = '${SORT_MEMORY}'`,
  );
  await session.query(lockSchema);
  const [next] = await session.query(takeDeferred);
  if (next !== undefined) await session.script(next.definition);
  return next?.name;
}

const selectNeed: Statement<boolean> = {
  text: `select exists (select from events) or exists (select from pg_stat_activity
    where datname = current_database() and application_name = $1)
  or not has_schema_privilege(current_schema(), 'CREATE')
  or not exists (select from pg_class
    where oid = 'events'::regclass and pg_has_role(relowner, 'USAGE'))`,
  parameters: [LISTENER_NAME],
  read: (cells) => cells.text(0) === "t",
};

const noteDeferred: Statement<string> = {
  text: `insert into deferred_indexes (name, definition)
select indexname, indexdef from pg_indexes
where schemaname = current_schema() and indexname = any($1::text[])
returning name`,
  parameters: [`{${DEFERRABLE.join(",")}}`],
  read: (cells) => cells.text(0),
};

const selectDeferred: Statement<string> = {
  text: "select name from deferred_indexes order by name",
  parameters: [],
  read: (cells) => cells.text(0),
};

const takeDeferred: Statement<{ readonly name: string; readonly definition: string }> = {
  text: `delete from deferred_indexes
where name = (select name from deferred_indexes order by name limit 1)
returning name, definition`,
  parameters: [],
  read: (cells) => ({ name: cells.text(0), definition: cells.text(1) }),
};
