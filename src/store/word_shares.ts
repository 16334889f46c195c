/**
 * How common words are, as far as the statistics tell that Postgres makes for its planner.
 *
 * To find what has a rare word and a common one, an index goes through the long list of the common one: it
 * is sooner found out by looking at the few that have the rare one. And how far back a search has to look
 * follows from how rare its rarest word is.
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

/** How common words were when the statistics were made. */
export interface WordShares {
  /** Events with words. */
  readonly events: number;
  /** The part of them that has a word: of the most common ones. */
  readonly shares: ReadonlyMap<string, number>;
  /** The least of these; infinite without any. */
  readonly least: number;
}

/** How common the rarest of a plan's words may be. */
export interface Rarity {
  /** The part of the events with words that has it, at most. */
  readonly share: number;
  /** How many events that is. */
  readonly events: number;
}

/**
 * Asks a database for its statistics, now and then.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { Statistics } from "./word_shares.ts";
 *
 * const rows = [{ word: "the", share: 0.5, events: 1_000 }];
 * const statistics = new Statistics({ query: () => Promise.resolve(rows as never) });
 * equal((await statistics.current()).shares.get("the"), 0.5);
 * ```
 */
export class Statistics {
  readonly #database: Pick<Database, "query">;
  readonly #clock: StoreClock;
  #shares: WordShares = { events: 0, shares: new Map(), least: Infinity };
  #knownAtS = -Infinity;

  constructor(database: Pick<Database, "query">, clock: StoreClock = timeless) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Rejects as {@link Database.query} does, when it is time to ask again. */
  async current(): Promise<WordShares> {
    const now = nowS(this.#clock);
    if (now - this.#knownAtS < GOOD_FOR_S) return this.#shares;
    const rows = await this.#database.query(sharesStatement);
    const shares = new Map(rows.map(({ word, share }) => [word, share]));
    const least = Math.min(...shares.values());
    this.#shares = { events: rows[0]?.events ?? 0, shares, least };
    this.#knownAtS = now;
    return this.#shares;
  }
}

/**
 * Looks up the plan's rare words only, if it has any, and checks what they find for the common ones.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { portableHashText } from "../nostr/event_id.ts";
 * import { wordPlanOf } from "./plan.ts";
 * import { withoutCommon } from "./word_shares.ts";
 *
 * const search = new Set(["the", "fox"]);
 * const plan = wordPlanOf({ tags: new Map(), search }, portableHashText)!;
 * const known = { events: 1_000, shares: new Map([["the", 0.5]]), least: 0.5 };
 * deepEqual(withoutCommon(plan, known).soughtWords, ["fox"]);
 * ```
 */
export function withoutCommon(plan: WordPlan, { shares }: WordShares): WordPlan {
  const rare = plan.soughtWords.filter((word) => (shares.get(word) ?? 0) < COMMON_SHARE);
  const isMixed = rare.length > 0 && rare.length < plan.soughtWords.length;
  return isMixed ? { ...plan, soughtWords: rare } : plan;
}

/**
 * How rare the rarest of the words is that a plan looks up; undefined without statistics. A word that is
 * not among those in the statistics is no more common than the last of them.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { portableHashText } from "../nostr/event_id.ts";
 * import { wordPlanOf } from "./plan.ts";
 * import { rarityOf } from "./word_shares.ts";
 *
 * const plan = wordPlanOf({ tags: new Map(), search: new Set(["fox"]) }, portableHashText)!;
 * const known = { events: 1_000, shares: new Map([["the", 0.5], ["a", 0.25]]), least: 0.25 };
 * deepEqual(rarityOf(plan, known), { share: 0.25, events: 250 });
 * ```
 */
export function rarityOf(
  plan: WordPlan,
  { events, shares, least }: WordShares,
): Rarity | undefined {
  if (shares.size === 0) return undefined;
  const share = Math.min(...plan.soughtWords.map((word) => shares.get(word) ?? least));
  return { share, events: Math.round(share * events) };
}

interface ShareRow {
  readonly word: string;
  readonly share: number;
  /** The same in each row. */
  readonly events: number;
}

/** Behind the shares of the words Postgres writes some others, which belong to none. */
const sharesStatement: Statement<ShareRow> = {
  text: `select word, share, events
from (
  select nspname, greatest(reltuples, 0)::int8 as events
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
  where pg_class.oid = 'event_words'::regclass) as place
join pg_stats on schemaname = nspname and tablename = 'event_words' and attname = 'words'
cross join unnest(most_common_elems::text::text[], most_common_elem_freqs) as common (word, share)
where word is not null`,
  parameters: [],
  read: (cells) => ({
    word: cells.text(0),
    share: Number(cells.text(1)),
    events: cells.integer(2),
  }),
};
