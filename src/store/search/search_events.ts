/**
 * Runs a search in a database.
 *
 * @see NIP-50
 * @module
 */

import type { Session } from "../database/database.ts";
import type { WordPlan } from "../read/plan.ts";
import type { Bounds } from "../read/question.ts";
import type { FoundPage } from "../read/scan.ts";
import { matchedStatement, matchStatement, newestStatement } from "./search_statement.ts";
import {
  type Found,
  type SearchResult,
  type TimeRange,
  type Walk,
  walkBack,
} from "./search_walk.ts";
import { rarityOf, type Statistics, withoutCommon } from "./word_shares.ts";

/** Where to search, and how many events to compare. */
interface SearchContext extends Bounds {
  readonly database: Pick<Session, "query">;
  /** How many of the newest matching events are compared. */
  readonly candidates: number;
  /** How common words are. Default: unknown. */
  readonly statistics?: Statistics;
}

/** The size of a page of the answer. */
export interface PageOptions {
  /** The most events in one page. */
  readonly pageEvents: number;
  /** Longer JSON is left out of the answer and fetched later. Default: none is. */
  readonly mostBytes?: number;
}

/**
 * The best of the newest matching events, best first, in pages. However large the database is, it
 * reads no more than a small multiple of the events that it compares.
 *
 * @see NIP-50
 */
export async function* searchEvents(
  plan: WordPlan,
  context: SearchContext & PageOptions,
): AsyncGenerator<FoundPage, void> {
  const { database, signal, timeBudget, pageEvents, mostBytes } = context;
  const matches = await findMatches(plan, plan.limit, context);
  const best = matches.best.slice(0, plan.limit);
  for (let start = 0; start < best.length; start += pageEvents) {
    const end = start + pageEvents;
    const statement = matchedStatement(plan, best.slice(start, end), mostBytes);
    const events = await database.query(statement, { signal, timeBudget });
    if (events.length > 0) yield { events, isLast: end >= best.length };
  }
}

/**
 * How many events match, up to `candidates`, and the best `limit` of them or some more, best first.
 *
 * @see NIP-50
 */
export async function findMatches(
  wanted: WordPlan,
  limit: number,
  context: SearchContext,
): Promise<SearchResult> {
  const known = await context.statistics?.current(context.database);
  const plan = known === undefined ? wanted : withoutCommon(wanted, known);
  const rarity = known && rarityOf(plan, known);
  const look = (range: TimeRange) => lookAt(plan, { ...range, limit }, context);
  if (plan.ids === undefined) {
    return await walkBack({ ...await walkOf(plan, context), rarity }, look);
  }
  // A filter that names ids has few candidates: one step is enough.
  const { since, before, ids } = plan;
  const all = {
    since,
    before,
    wanted: context.candidates,
    most: ids.length,
    isSelective: false,
  };
  return { ...await look(all), isWhole: true };
}

/** The walk begins at the newest event, and assumes the density of the newest events throughout. */
async function walkOf(
  plan: WordPlan,
  { candidates, database, signal, timeBudget }: SearchContext,
): Promise<Walk> {
  const [newest] = await database.query(newestStatement(plan, SAMPLE), { signal, timeBudget });
  const { count, newestAt, oldestAt, firstAt } = newest!;
  const before = count === 0 ? firstAt : newestAt + 1;
  return { since: firstAt, before, eventsPerS: count / (newestAt + 1 - oldestAt), candidates };
}

/** How many of the newest events are read to estimate their density. */
const SAMPLE = 250;

async function lookAt(
  plan: WordPlan,
  { limit, ...range }: TimeRange & { readonly limit: number },
  { database, signal, timeBudget }: SearchContext,
): Promise<Found> {
  // Without a limit, all compared events are wanted.
  const statement = matchStatement(plan, range, Math.min(limit, range.wanted));
  const rows = await database.query(statement, { signal, timeBudget });
  const { looked, compared } = rows[0]!;
  return { looked, compared, best: rows.flatMap(({ match }) => match ?? []) };
}
