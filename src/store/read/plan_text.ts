/**
 * How a query is answered, for people: what the log says of slow ones.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { TimeBudget } from "../database/time_budget.ts";
import type { DatabaseWork } from "../event_store.ts";
import { type Plan, plansOf, type Rest, wordPlanOf } from "./plan.ts";
import { recentOf } from "./recent_statement.ts";

/** Plans that are named; of more, only the number is told. */
const MAX_NAMED = 4;

/** What the database does for these filters. The plan is made again when somebody wants to read it. */
export function databaseWork(
  filters: readonly ReqFilter[],
  hashText: HashText,
  timeBudget: TimeBudget | undefined,
): DatabaseWork {
  return {
    get plan() {
      return planText(filters, hashText);
    },
    get databaseMs() {
      return timeBudget?.usedMs ?? 0;
    },
  };
}

/**
 * The index of each plan with the number of its lanes, and what is checked row by row:
 * `kind×1 checks authors`. `recent+` stands before feeds that first read what everybody wrote lately.
 */
export function planText(filters: readonly ReqFilter[], hashText: HashText): string {
  const texts = filters.flatMap((filter) => plansText(filter, hashText));
  const named = texts.slice(0, MAX_NAMED);
  if (texts.length > MAX_NAMED) named.push(`${texts.length - MAX_NAMED} more`);
  return named.length === 0 ? "nothing" : named.join("; ");
}

function plansText(filter: ReqFilter, hashText: HashText): readonly string[] {
  if (filter.search !== undefined) {
    const plan = wordPlanOf(filter, hashText);
    return plan === undefined ? [] : [`words×${plan.soughtWords.length}${checksText(plan.rest)}`];
  }
  return plansOf(filter, hashText).map(onePlanText);
}

function onePlanText(plan: Plan): string {
  const recent = recentOf(plan) === undefined ? "" : "recent+";
  return `${recent}${plan.index}×${plan.lanes.length}${checksText(plan.rest)}`;
}

function checksText({ authors, kinds, tags }: Rest): string {
  const checked = [authors && "authors", kinds && "kinds", tags.length > 0 && "tags"]
    .filter((name) => name);
  return checked.length === 0 ? "" : ` checks ${checked.join(", ")}`;
}
