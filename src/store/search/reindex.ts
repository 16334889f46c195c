/**
 * Making searchable what was stored while search was off.
 *
 * @see NIP-50
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { Database } from "../database/database.ts";
import type { QueryOptions } from "../event_store.ts";
import { insertMissingWords, type KeyedEvent, selectWordless } from "./word_statements.ts";

/** Rows of one step: some tens of milliseconds, between which others have their turn. */
const STEP_ROWS = 500;

/** What is to be searchable. */
export interface ReindexOptions extends QueryOptions {
  readonly kinds: ReadonlySet<number>;
  readonly hashText: HashText;
}

/**
 * Writes the missing words of events of these kinds, oldest row first, and gives after each step how many
 * events it wrote. May be broken off, may run beside writers and beside itself.
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
