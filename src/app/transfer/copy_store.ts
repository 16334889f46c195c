/**
 * Copies all events from one store to another.
 *
 * @module
 */

import { readRecord } from "../../store/feed/feed_statements.ts";
import type { EventStore, PutOutcome, StoredEvent } from "../../store/event_store.ts";

/** The progress of a copy. */
export interface CopyTally {
  /** Counts by the target's answer. */
  readonly outcomes: ReadonlyMap<PutOutcome, number>;
  /** Events of the source that cannot be parsed; expected to be 0. */
  readonly unreadable: number;
  /** `created_at` of the event copied last, seconds since 1970; undefined before the first. */
  readonly createdAt: number | undefined;
}

interface CopyOptions {
  readonly signal: AbortSignal;
  /** Called after each batch. */
  readonly onProgress: (tally: CopyTally) => void;
}

/**
 * Puts all events of `from` into `to`, newest first. An interrupted copy can be repeated: events
 * that are already there count as duplicates. Events are not verified again.
 *
 * Rejects with the signal's reason or a store's error; what was copied stays.
 */
export async function copyStore(
  from: Pick<EventStore, "query">,
  to: Pick<EventStore, "put">,
  { signal, onProgress }: CopyOptions,
): Promise<CopyTally> {
  const outcomes = new Map<PutOutcome, number>();
  let unreadable = 0;
  let createdAt: number | undefined;
  const tally = () => ({ outcomes, unreadable, createdAt });
  const write = async (events: readonly StoredEvent[]) => {
    const records = events.map(({ json }) => readRecord(json)).filter((record) =>
      record !== undefined
    );
    for (const outcome of await to.put(records)) {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    unreadable += events.length - records.length;
    createdAt = events.at(-1)?.createdAt;
    onProgress(tally());
  };
  // One chunk is written while the next is read.
  let writing = Promise.resolve();
  for await (const events of from.query([{ tags: new Map() }], { signal })) {
    await writing;
    writing = write(events);
    // Awaited below; without this a rejection meanwhile would be reported as unhandled.
    writing.catch(() => {});
  }
  await writing;
  return tally();
}
