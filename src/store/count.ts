/**
 * Counting in a database.
 *
 * @module
 */

import type { Sha256 } from "../nostr/event_id.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { emptyRegisters, hyperLogLogOffset, raiseRegister } from "../nostr/hyperloglog.ts";
import type { CountResult } from "../nostr/relay_message.ts";
import {
  countStatement,
  keysStatement,
  registersStatement,
  type Visit,
} from "./count_statement.ts";
import type { Database, Statement } from "./database.ts";
import type { CountOptions } from "./event_store.ts";
import { checksOf, type Plan, plansOf } from "./plan.ts";

/** What to count in, and how. */
export interface CountContext extends CountOptions {
  readonly database: Database;
  readonly sha256: Sha256;
  /** See {@link Plan.nowS}. */
  readonly nowS?: number;
}

/**
 * What {@link EventStore.count} promises.
 *
 * One filter is counted by the database alone. Of several the events have to be told apart, so their
 * numbers come here.
 *
 * @see NIP-45
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { countEvents } from "./count.ts";
 *
 * const unused = () => Promise.reject(new Error("nothing can be counted"));
 * const database = { query: unused, script: unused, transaction: unused, close: unused };
 * const nothing = [{ tags: new Map(), ids: new Set<string>() }];
 * const result = await countEvents(nothing, { database, sha256, maxRows: 100 });
 * deepEqual(result, { count: 0, isApproximate: false });
 * ```
 */
export async function countEvents(
  filters: readonly ReqFilter[],
  context: CountContext,
): Promise<CountResult> {
  const plans = filters.flatMap((filter) => countingPlans(filter, context));
  if (filters.length > 1) return await countUnion(plans, context);
  const offset = filters.length === 1 ? hyperLogLogOffset(filters[0]!) : undefined;
  return offset === undefined
    ? await countPlans(plans, context)
    : await countAuthors(plans, offset, context);
}

/** A search is counted by its words, unless there are ids, which are fewer. */
function countingPlans(
  { limit: _, ...filter }: ReqFilter,
  { sha256, nowS }: CountContext,
): readonly Plan[] {
  if (filter.search === undefined || filter.ids !== undefined) return plansOf(filter, sha256, nowS);
  const plan = checksOf(filter, sha256, nowS);
  return plan === undefined ? [] : [plan];
}

/** The plans of one filter have no event in common. */
async function countPlans(plans: readonly Plan[], context: CountContext): Promise<CountResult> {
  const visits: Visit[] = [];
  for (const plan of plans) {
    visits.push(...await ask(context, countStatement(plan, context.maxRows)));
  }
  return {
    count: sumOf(visits.map(({ matched }) => matched)),
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
    const visits = await ask(context, registersStatement(plan, { maxRows, offset }));
    for (const { register, least, matched } of visits) {
      count += matched;
      if (matched > 0) raiseRegister(registers, register, least);
    }
    isApproximate ||= sumOf(visits.map(({ visited }) => visited)) > maxRows;
  }
  return { count, isApproximate, registers };
}

async function countUnion(plans: readonly Plan[], context: CountContext): Promise<CountResult> {
  const keys = new Set<number>();
  let isApproximate = false;
  for (const plan of plans) {
    const rows = await ask(context, keysStatement(plan, context.maxRows));
    for (const { key, matches } of rows) {
      if (matches) keys.add(key);
    }
    isApproximate ||= rows.length > context.maxRows;
  }
  return { count: keys.size, isApproximate };
}

function ask<Row>(
  { database, signal }: CountContext,
  statement: Statement<Row>,
): Promise<readonly Row[]> {
  return database.query(statement, { signal });
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
