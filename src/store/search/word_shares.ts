/**
 * How common words and facets are, from the planner statistics of Postgres.
 *
 * To intersect a rare word with a common one, a GIN index also reads the long list of the common
 * one. It is faster to look up only the rare word and check the few rows it gives. The same holds
 * for the facets of authors and tags with few events. The rarest condition also determines how far
 * back a search has to look.
 *
 * @see NIP-50
 * @module
 */

import { sum } from "../../base/sum.ts";
import type { Session, Statement } from "../database/database.ts";
import type { FacetCondition } from "./facet.ts";
import type { WordPlan } from "../read/plan.ts";
import { nowS, type StoreClock, timeless } from "../store_clock.ts";

/** A word or facet is common when this share of the events with words has it. */
const COMMON_SHARE = 0.1;

/** How long statistics are cached, seconds. */
const GOOD_FOR_S = 600;

/** How common words and facets were when the statistics were collected. */
interface WordShares {
  /** The number of events with words. */
  readonly events: number;
  readonly words: Shares;
  /** By decimal number. */
  readonly facets: Shares;
}

/** The shares of the most common elements. */
export class Shares {
  readonly #shares: ReadonlyMap<string, number>;
  /** An upper bound on the share of any other element. */
  readonly #least: number;

  /** Without any shares, every element is assumed to be common. */
  constructor(shares: Iterable<readonly [string, number]> = []) {
    this.#shares = new Map(shares);
    this.#least = Math.min(1, ...this.#shares.values());
  }

  /** An element that is not listed is at most as common as the last one listed. */
  of(key: string): number {
    return this.#shares.get(key) ?? this.#least;
  }
}

/** How common the rarest condition of a plan is. */
export interface Rarity {
  /** An upper bound on the share of the events with words that satisfy it. */
  readonly share: number;
  /** The same as a number of events. */
  readonly events: number;
}

/** Reads the statistics of a database, and caches them. */
export class Statistics {
  readonly #clock: StoreClock;
  #shares: WordShares | undefined = undefined;
  #knownAtS = -Infinity;

  constructor(clock: StoreClock = timeless) {
    this.#clock = clock;
  }

  /** Undefined without statistics. Asks the database when the cache is stale, and rejects as it does. */
  async current(database: Pick<Session, "query">): Promise<WordShares | undefined> {
    const now = nowS(this.#clock);
    if (now - this.#knownAtS < GOOD_FOR_S) return this.#shares;
    this.#shares = sharesOf(await database.query(sharesStatement));
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
 * Looks up only the rare conditions of a plan, if there are any; the common ones are checked
 * afterwards.
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

/** How common the rarest condition of a plan is. */
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

/** An upper bound: an event may have several of the accepted values. */
function shareOf({ facets, every }: FacetCondition, known: WordShares): number {
  const shares = facets.map((facet) => known.facets.of(facet));
  return every ? Math.min(...shares) : Math.min(1, sum(shares));
}

interface ShareRow {
  readonly column: "words" | "facets";
  readonly key: string;
  readonly share: number;
  /** The same in each row. */
  readonly events: number;
}

/** `most_common_elem_freqs` has a few more values than elements; these have no key. */
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
