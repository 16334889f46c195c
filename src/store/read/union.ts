/**
 * Several answers as one.
 *
 * @module
 */

import type { FoundEvent } from "./body_statement.ts";
import { compare, type FoundPage } from "./scan.ts";

/** An answer that is being read. */
interface OpenAnswer {
  readonly answer: AsyncIterator<FoundPage, void>;
  page: FoundPage;
  /** The index of the next event of the page. */
  next: number;
}

const nothingYet: FoundPage = { events: [], isLast: false };

/** How much of a union is wanted. */
export interface UnionOptions {
  /** The most events altogether. Default: all. */
  readonly limit?: number;
  /** The most events in one page. Default 500. */
  readonly pageEvents?: number;
}

/**
 * The union of ordered answers in one global order, each event once. Reads each answer one page at a
 * time, and all of them at once where several need a new one.
 *
 * @see NIP-01 "Communication between clients and relays"
 */
export async function* union(
  answers: readonly AsyncGenerator<FoundPage, void>[],
  { limit = Infinity, pageEvents = 500 }: UnionOptions = {},
): AsyncGenerator<FoundPage, void> {
  let wanted = limit;
  let open: OpenAnswer[] = answers.map((answer) => ({ answer, page: nothingYet, next: 0 }));
  try {
    while (wanted > 0) {
      const size = Math.min(wanted, pageEvents);
      const events: FoundEvent[] = [];
      while (events.length < size) {
        await Promise.all(open.map(refill));
        open = open.filter(hasRow);
        if (open.length === 0) break;
        while (events.length < size && open.every(hasRow)) events.push(takeFirst(open));
      }
      wanted -= size;
      const isLast = wanted === 0 || events.length < size || open.every(isOver);
      if (events.length > 0) yield { events, isLast };
      if (isLast) return;
    }
  } finally {
    await Promise.all(answers.map((answer) => answer.return()));
  }
}

/**
 * One answer after the other, each event where it comes first. For answers that are not ordered by time.
 *
 * @see NIP-50
 */
export async function* inTurn(
  answers: readonly AsyncGenerator<FoundPage, void>[],
): AsyncGenerator<FoundPage, void> {
  const given = new Set<string>();
  for (const answer of answers) {
    for await (const page of answer) {
      const events = page.events.filter(({ id }) => !given.has(id));
      for (const { id } of events) given.add(id);
      const isLast = page.isLast && answer === answers.at(-1);
      if (events.length > 0) yield { events, isLast };
    }
  }
}

function hasRow({ page, next }: OpenAnswer): boolean {
  return next < page.events.length;
}

function isOver(one: OpenAnswer): boolean {
  return one.page.isLast && !hasRow(one);
}

/** Fetches the next page when this one is used up; leaves it used up when there is none. */
async function refill(one: OpenAnswer): Promise<void> {
  if (hasRow(one) || one.page.isLast) return;
  const { done, value } = await one.answer.next();
  if (done) return;
  one.page = value;
  one.next = 0;
}

/** Takes the row that comes first from all answers that have it next. */
function takeFirst(open: readonly OpenAnswer[]): FoundEvent {
  let first = rowOf(open[0]!);
  for (const one of open) {
    if (compare(rowOf(one), first) < 0) first = rowOf(one);
  }
  for (const one of open) {
    if (rowOf(one).id === first.id) one.next++;
  }
  return first;
}

function rowOf({ page, next }: OpenAnswer): FoundEvent {
  return page.events[next]!;
}
