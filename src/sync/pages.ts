/**
 * Reads what another relay has in pages, for relays without reconciliation.
 *
 * @see NIP-01
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import type { RemoteEvents, RemoteRelay } from "./remote_relay.ts";
import { type TimeRange, timesOf } from "./time_range.ts";

/** Options of {@link pages}. */
export interface PageOptions {
  readonly remote: Pick<RemoteRelay, "query">;
  /** The filter as JSON, without times. */
  readonly filter: object;
  readonly range: TimeRange;
  readonly signal: AbortSignal;
}

/** Events of another relay. */
export interface Page {
  /** All events of the other relay in {@link range}. */
  readonly events: readonly NostrEvent[];
  /** The time that they are all of. */
  readonly range: TimeRange;
  /** How many had not the shape of an event. */
  readonly malformed: number;
  /** Whether the range is one second of which the relay may have more than it gives. */
  readonly isPartial: boolean;
}

/** How many events to ask for. Relays may give fewer. */
const PAGE_EVENTS = 500;

/** How many of a single second: relays that allow it give all of them at once. */
const SECOND_EVENTS = 10_000;

/** No relay gives fewer at most: so many of one second are all of them. */
const FEW_EVENTS = 50;

/**
 * Reads all that matches, newest first, by lowering `until`. A relay says neither how many events it
 * gives at most nor whether there are more, so a page is complete only above its oldest second: that
 * second is asked for again, with the page before it. Throws {@link RemoteRefusal}.
 */
export async function* pages(options: PageOptions): AsyncGenerator<Page, void> {
  const { signal, range: { since } } = options;
  let { until } = options.range;
  /** The most events that the relay gave at a time: it may give no more. */
  let mostGiven = 0;
  while (until >= since) {
    signal.throwIfAborted();
    const answer = await ask({ since, until }, PAGE_EVENTS, options);
    mostGiven = Math.max(mostGiven, answer.events.length);
    const oldest = Math.min(...answer.events.map(({ created_at }) => created_at));
    const rest = { malformed: answer.malformed, isPartial: false };
    if (answer.events.length === 0 || answer.isWhole) {
      yield { ...rest, events: answer.events, range: { since, until } };
      return;
    }
    if (oldest < until) {
      const events = answer.events.filter(({ created_at }) => created_at > oldest);
      yield { ...rest, events, range: { since: oldest + 1, until } };
      until = oldest;
      continue;
    }
    // A page that is shorter than others has all of its only second, or so does the next one.
    yield answer.events.length < mostGiven && !answer.isCut
      ? { ...rest, events: answer.events, range: { since: until, until } }
      : await wholeSecond(until, mostGiven, options);
    until--;
  }
}

async function wholeSecond(second: number, mostGiven: number, options: PageOptions): Promise<Page> {
  const range = { since: second, until: second };
  const { events, malformed, isWhole, isCut } = await ask(range, SECOND_EVENTS, options);
  const mayBeAll = isWhole || events.length <= FEW_EVENTS || events.length > mostGiven;
  const isPartial = isCut || !mayBeAll;
  return { events, malformed, range, isPartial };
}

/** One page, each event once, without events that were not asked for. */
async function ask(
  range: TimeRange,
  limit: number,
  { remote, filter }: PageOptions,
): Promise<RemoteEvents> {
  const answer = await remote.query({ ...filter, ...timesOf(range), limit });
  const asked = answer.events.filter(({ created_at }) =>
    created_at >= range.since && created_at <= range.until
  );
  return { ...answer, events: [...new Map(asked.map((event) => [event.id, event])).values()] };
}
