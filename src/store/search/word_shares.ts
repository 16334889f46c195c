/**
 * How common words and facets are, as far as the statistics tell that Postgres makes for its planner.
 *
 * To find what has a rare word and a common one, an index goes through the long list of the common one: it
 * is sooner found out by looking at the few that have the rare one. The same goes for the few events of an
 * author, or with a tag. And how far back a search has to look follows from how rare the rarest is.
 *
 * @see NIP-50
 * @module
 */

import type { Database, Statement } from "../database/database.ts";
import type { FacetCondition } from "./facet.ts";
import type { WordPlan } from "../read/plan.ts";
import { nowS, type StoreClock, timeless } from "../store_clock.ts";

/** The part of all events with words that must have a word or a facet for it to be common. */
const COMMON_SHARE = 0.1;

/** How long an answer is good for, seconds. */
const GOOD_FOR_S = 600;

/** How common words and facets were when the statistics were made. */
export interface WordShares {
  /** Events with words. */
  readonly events: number;
  readonly words: Shares;
  /** As decimal numbers. */
  readonly facets: Shares;
}

/**
 * Which part of the events with words has what, of the most common.
 */
export class Shares {
  readonly #shares: ReadonlyMap<string, number>;
  /** Of all others, at most. */
  readonly #least: number;

  /** Without any share all others are taken for common. */
  constructor(shares: Iterable<readonly [string, number]> = []) {
    this.#shares = new Map(shares);
    this.#least = Math.min(1, ...this.#shares.values());
  }

  /** What is not among the most common is no more common than the last of these. */
  of(key: string): number {
    return this.#shares.get(key) ?? this.#least;
  }
}

/** How common the rarest is of what a plan looks up. */
export interface Rarity {
  /** The part of the events with words that has it, at most. */
  readonly share: number;
  /** How many events that is. */
  readonly events: number;
}

/**
 * Asks a database for its statistics, now and then.
 */
export class Statistics {
  readonly #database: Pick<Database, "query">;
  readonly #clock: StoreClock;
  #shares: WordShares | undefined = undefined;
  #knownAtS = -Infinity;

  constructor(database: Pick<Database, "query">, clock: StoreClock = timeless) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Undefined where there are none. Rejects as {@link Database.query} does, when it is time to ask again. */
  async current(): Promise<WordShares | undefined> {
    const now = nowS(this.#clock);
    if (now - this.#knownAtS < GOOD_FOR_S) return this.#shares;
    this.#shares = sharesOf(await this.#database.query(sharesStatement));
    this.#knownAtS = now;
    return this.#shares;
  }
}

function sharesOf(rows: readonly ShareRow[]): WordShares | undefined {
  const [first] = rows;
  if (first === undefined) return undefined;
  const of = (column: ShareRow["column"]) =>
    new Shares(rows.filter((row) => row.column === column).map(({ key, share }) => [key, share]));
  return { events: first.events, words: of("words"), facets: of("facets") };
}

/**
 * Looks up what is rare only, if anything is, and checks what that finds for the rest.
 */
export function withoutCommon(plan: WordPlan, known: WordShares): WordPlan {
  if (rarestShare(plan, known) >= COMMON_SHARE) return plan;
  const rare = plan.soughtWords.filter((word) => known.words.of(word) < COMMON_SHARE);
  return {
    ...plan,
    soughtWords: rare.length < plan.soughtWords.length ? rare : plan.soughtWords,
    facets: plan.facets.map((condition) =>
      shareOf(condition, known) < COMMON_SHARE ? condition : { ...condition, isUsual: true }
    ),
  };
}

/**
 * How rare the rarest is of what a plan looks up.
 */
export function rarityOf(plan: WordPlan, known: WordShares): Rarity {
  const share = rarestShare(plan, known);
  return { share, events: Math.round(share * known.events) };
}

function rarestShare({ soughtWords, facets }: WordPlan, known: WordShares): number {
  return Math.min(
    1,
    ...soughtWords.map((word) => known.words.of(word)),
    ...facets.map((condition) => shareOf(condition, known)),
  );
}

/** At most: of several values that will do, events may have more than one. */
function shareOf({ facets, every }: FacetCondition, known: WordShares): number {
  const shares = facets.map((facet) => known.facets.of(facet));
  return every ? Math.min(...shares) : Math.min(1, shares.reduce((sum, share) => sum + share, 0));
}

interface ShareRow {
  readonly column: "words" | "facets";
  readonly key: string;
  readonly share: number;
  /** The same in each row. */
  readonly events: number;
}

/** Behind the shares Postgres writes some others, which belong to nothing. */
const sharesStatement: Statement<ShareRow> = {
  text: `select attname, key, share, events
from (
  select nspname, greatest(reltuples, 0)::int8 as events
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
  where pg_class.oid = 'event_words'::regclass) as place
join pg_stats on schemaname = nspname and tablename = 'event_words'
  and attname in ('words', 'facets')
cross join unnest(most_common_elems::text::text[], most_common_elem_freqs) as common (key, share)
where key is not null`,
  parameters: [],
  read: (cells) => ({
    column: cells.text(0) === "words" ? "words" : "facets",
    key: cells.text(1),
    share: Number(cells.text(2)),
    events: cells.integer(3),
  }),
};
