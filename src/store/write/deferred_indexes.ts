/**
 * Indexes that are built when all is there.
 *
 * An entry in an index costs many times as much written by itself as built from all at once. So where
 * much is written into an empty database, the indexes that writing does not need are dropped, and built
 * afterwards. What is missing is written down in the transaction that drops it: if the program is killed
 * meanwhile, the next one to open the database builds it.
 *
 * @module
 */

import type { Database, Session, Statement } from "../database/database.ts";
import { LISTENER_NAME } from "../database/database.ts";
import { lockSchema } from "../database/migrations.ts";

/**
 * What only queries go by. Writing goes by the others: it looks for ids and addresses, and deletes the
 * tags of an event.
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
 * Drops the indexes that only queries go by, if the database has no events yet and no instance serves
 * from it, and says whether it has done so. Until {@link buildIndexes} has been called queries look at
 * everything there is; an instance that starts meanwhile calls it.
 */
export async function deferIndexes(database: Pick<Database, "transaction">): Promise<boolean> {
  return await database.transaction(async (session) => {
    await session.query(lockSchema);
    const [isInUse] = await session.query(selectUse);
    if (isInUse) return false;
    const names = await session.query(noteDeferred);
    if (names.length > 0) await session.script(`drop index ${names.join(", ")}`);
    return true;
  });
}

/**
 * Builds the indexes that are still to be built, each in a transaction of its own, and gives their names.
 * Several processes may do so at once: one works, the others wait and find nothing left to do.
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

/** Memory in which the entries of one index are sorted. */
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

const selectUse: Statement<boolean> = {
  text: `select exists (select from events) or exists (select from pg_stat_activity
  where datname = current_database() and application_name = $1)`,
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

const takeDeferred: Statement<{ readonly name: string; readonly definition: string }> = {
  text: `delete from deferred_indexes
where name = (select name from deferred_indexes order by name limit 1)
returning name, definition`,
  parameters: [],
  read: (cells) => ({ name: cells.text(0), definition: cells.text(1) }),
};
