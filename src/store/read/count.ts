/**
 * Counting in a database.
 *
 * @module
 */

import { sum } from "../../base/sum.ts";
import type { HashText } from "../../nostr/event_id.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { emptyRegisters, hyperLogLogOffset, raiseRegisters } from "../../nostr/hyperloglog.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import {
  authorsStatement,
  countStatement,
  keysStatement,
  type Visit,
  type VisitedRow,
} from "./count_statement.ts";
import type { Session, Statement } from "../database/database.ts";
import type { CountOptions } from "../event_store.ts";
import { type Asking, type Plan, plansOf, wordPlanOf } from "./plan.ts";
import type { Bounds } from "./question.ts";
import { findMatches } from "../search/search_events.ts";
import type { Statistics } from "../search/word_shares.ts";

/** What to count in, and how. */
interface CountContext extends Bounds, Asking, Pick<CountOptions, "maxRows"> {
  readonly database: Pick<Session, "query">;
  readonly hashText: HashText;
  readonly statistics?: Statistics;
}

/**
 * What {@link EventStore.count} promises.
 *
 * One filter is counted by the database alone. Of several the events have to be told apart, so their
 * keys come here.
 *
 * @see NIP-45
 */
export async function countEvents(
  filters: readonly ReqFilter[],
  context: CountContext,
): Promise<CountResult> {
  const [filter] = filters;
  if (filter === undefined || filters.length > 1) return await countUnion(filters, context);
  if (filter.search !== undefined) {
    const { keys: _, ...result } = await countFound(filter, 0, context);
    return result;
  }
  const plans = countingPlans(filter, context);
  const offset = hyperLogLogOffset(filter);
  return offset === undefined
    ? await countPlans(plans, context)
    : await countAuthors(plans, offset, context);
}

/** A count says how many there are whatever the limit. */
function countingPlans(
  { limit: _, ...filter }: ReqFilter,
  { hashText, ...asking }: CountContext,
): readonly Plan[] {
  return plansOf(filter, hashText, asking);
}

/** The plans of one filter have no event in common. */
async function countPlans(plans: readonly Plan[], context: CountContext): Promise<CountResult> {
  const visits: Visit[] = [];
  for (const plan of plans) {
    visits.push(...await ask(context, countStatement(plan, context.maxRows)));
  }
  return {
    count: sum(visits.map(({ matched }) => matched)),
    isApproximate: visits.some(({ visited }) => visited > context.maxRows),
  };
}

async function countAuthors(
  plans: readonly Plan[],
  offset: number,
  context: CountContext,
): Promise<CountResult> {
  const { maxRows } = context;
  const registers = emptyRegisters();
  let count = 0;
  let isApproximate = false;
  for (const plan of plans) {
    const [visit] = await ask(context, authorsStatement(plan, { maxRows, offset }));
    const { visited, matched, keys } = visit!;
    raiseRegisters(registers, keys);
    count += matched;
    isApproximate ||= visited > maxRows;
  }
  return { count, isApproximate, registers };
}

async function countUnion(
  filters: readonly ReqFilter[],
  context: CountContext,
): Promise<CountResult> {
  const keys = new Set<number>();
  let isApproximate = false;
  for (const filter of filters) {
    const found = filter.search === undefined
      ? await keysOf(filter, context)
      : await countFound(filter, Infinity, context);
    for (const key of found.keys) keys.add(key);
    isApproximate ||= found.isApproximate;
  }
  return { count: keys.size, isApproximate };
}

interface Keys {
  /** `events.key`. */
  readonly keys: readonly number[];
  readonly isApproximate: boolean;
}

async function keysOf(filter: ReqFilter, context: CountContext): Promise<Keys> {
  const { maxRows } = context;
  const visits: (readonly VisitedRow[])[] = [];
  for (const plan of countingPlans(filter, context)) {
    visits.push(await ask(context, keysStatement(plan, maxRows)));
  }
  return {
    keys: visits.flat().filter(({ matches }) => matches).map(({ key }) => key),
    isApproximate: visits.some(({ length }) => length > maxRows),
  };
}

/** What a search finds, and the keys of `limit` of it at most. */
async function countFound(
  { limit: _, ...filter }: ReqFilter,
  limit: number,
  { maxRows, hashText, ...context }: CountContext,
): Promise<CountResult & Keys> {
  const plan = wordPlanOf(filter, hashText, context);
  if (plan === undefined) return { count: 0, keys: [], isApproximate: false };
  const found = await findMatches(plan, limit, { ...context, candidates: maxRows + 1 });
  return {
    count: Math.min(found.compared, maxRows),
    keys: found.best.slice(0, maxRows).map(({ key }) => key),
    isApproximate: !found.isWhole || found.compared > maxRows,
  };
}

function ask<Row>(
  { database, signal, timeBudget }: CountContext,
  statement: Statement<Row>,
): Promise<readonly Row[]> {
  return database.query(statement, { signal, timeBudget });
}
