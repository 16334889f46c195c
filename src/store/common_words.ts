/**
 * Words that so many events have that an index is better not asked for them.
 *
 * To find what has a rare word and a common one, an index goes through the long list of the common one. It
 * is sooner found out by looking at the few that have the rare one. Which words are common is in the
 * statistics that Postgres makes for its planner.
 *
 * @see NIP-50
 * @module
 */

import type { Database, Statement } from "./database.ts";
import type { WordPlan } from "./plan.ts";
import { nowS, type StoreClock, timeless } from "./store_clock.ts";

/** The part of all events with words that must have one for it to be common. */
const COMMON_SHARE = 0.1;

/** How long an answer is good for, seconds. */
const GOOD_FOR_S = 600;

/**
 * The common words of a database, as far as it knows them.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { CommonWords } from "./common_words.ts";
 *
 * const common = new CommonWords({ query: () => Promise.resolve(["the"] as never) });
 * deepEqual(await common.current(), new Set(["the"]));
 * ```
 */
export class CommonWords {
  readonly #database: Pick<Database, "query">;
  readonly #clock: StoreClock;
  #words: ReadonlySet<string> = new Set();
  #knownAtS = -Infinity;

  constructor(database: Pick<Database, "query">, clock: StoreClock = timeless) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Rejects as {@link Database.query} does, now and then when it asks again. */
  async current(): Promise<ReadonlySet<string>> {
    const now = nowS(this.#clock);
    if (now - this.#knownAtS < GOOD_FOR_S) return this.#words;
    this.#words = new Set(await this.#database.query(commonWordsStatement));
    this.#knownAtS = now;
    return this.#words;
  }
}

/**
 * Looks up the plan's rare words only, if it has any, and checks what they find for the common ones.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { portableHashText } from "../nostr/event_id.ts";
 * import { withoutCommon } from "./common_words.ts";
 * import { wordPlanOf } from "./plan.ts";
 *
 * const search = new Set(["the", "fox"]);
 * const plan = wordPlanOf({ tags: new Map(), search }, portableHashText)!;
 * deepEqual(withoutCommon(plan, new Set(["the"])).soughtWords, ["fox"]);
 * ```
 */
export function withoutCommon(plan: WordPlan, common: ReadonlySet<string>): WordPlan {
  const rare = plan.soughtWords.filter((word) => !common.has(word));
  return rare.length === 0 ? plan : { ...plan, soughtWords: rare };
}

/** Behind the shares of the words Postgres writes some others, which belong to none. */
const commonWordsStatement: Statement<string> = {
  text: `select word from pg_stats
cross join unnest(most_common_elems::text::text[], most_common_elem_freqs) as common (word, share)
where attname = 'words' and word is not null and share >= ${COMMON_SHARE}
  and (schemaname, tablename) = (
    select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = 'event_words'::regclass)`,
  parameters: [],
  read: (cells) => cells.text(0),
};
