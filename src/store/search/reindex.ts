/**
 * Indexes the events that were stored while search was off.
 *
 * @see NIP-50
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { Database } from "../database/database.ts";
import type { QueryOptions } from "../event_store.ts";
import { insertMissingWords, type KeyedEvent, selectWordless } from "./word_statements.ts";

/** Rows of one step, which takes some tens of milliseconds; other work runs between steps. */
const STEP_ROWS = 500;

interface ReindexOptions extends QueryOptions {
  readonly kinds: ReadonlySet<number>;
  readonly hashText: HashText;
}

/**
 * Inserts the missing words of events of these kinds, oldest row first, and yields after each step
 * how many events it indexed. It may be interrupted, and may run concurrently with writers and with
 * itself.
 */
export async function* reindex(
  database: Database,
  { kinds, hashText, signal }: ReindexOptions,
): AsyncGenerator<number, void> {
  if (kinds.size === 0) return;
  let after = 0;
  for (;;) {
    signal?.throwIfAborted();
    const rows = await database.query(selectWordless(after, { kinds, rows: STEP_ROWS }), {
      signal,
    });
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.key;
    const wordless = rows.filter((row): row is KeyedEvent => row.event !== undefined);
    if (wordless.length > 0) {
      await database.transaction((session) =>
        session.query(insertMissingWords(wordless, hashText))
      );
    }
    yield wordless.length;
  }
}
