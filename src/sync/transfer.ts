/**
 * Fetches events from another relay and sends events to it.
 *
 * @see NIP-01
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import type { RateLimitRetry } from "./rate_limit_retry.ts";
import { countReason, hasPrefix, RemoteRefusal } from "./remote_refusal.ts";
import type { FetchedEvents, RemoteAnswer, RemoteRelay } from "./remote_relay.ts";

/** Ids in one request: fewer than any relay gives in one answer. */
const FETCHED_AT_ONCE = 100;

/** Requests under way at a time, so that the other relay works while this one does. */
const FETCHES_IN_FLIGHT = 4;

/** The events that have these ids, in parts: each is held only until the next one is asked for. */
export async function* fetchEvents(
  ids: Iterable<string>,
  { remote, retry }: {
    readonly remote: Pick<RemoteRelay, "fetch">;
    readonly retry: RateLimitRetry;
  },
): AsyncGenerator<FetchedEvents, void> {
  const fetching: Promise<FetchedEvents>[] = [];
  const ask = (batch: readonly string[]) => {
    const fetched = retry.run(() => remote.fetch(batch));
    // A failure is thrown when its turn comes; after another one nobody waits for it.
    fetched.catch(() => {});
    fetching.push(fetched);
  };
  async function* oldest(): AsyncGenerator<FetchedEvents, void> {
    const fetched = await fetching.shift()!;
    yield fetched;
    if (fetched.rest.length > 0) ask(fetched.rest);
  }
  for (const batch of batchesOf(ids, FETCHED_AT_ONCE)) {
    while (fetching.length >= FETCHES_IN_FLIGHT) yield* oldest();
    ask(batch);
  }
  while (fetching.length > 0) yield* oldest();
}

/** What became of an event that was sent. */
export type SendOutcome = "accepted" | "duplicate" | { readonly refused: string };

/** How many events were sent with which outcome. */
export class SendTally {
  accepted = 0;
  duplicate = 0;
  readonly refused = new Map<string, number>();

  add(outcome: SendOutcome): void {
    if (typeof outcome === "object") countReason(this.refused, outcome.refused);
    else this[outcome]++;
  }
}

/** Sends one event, again after a pause where it is refused for its rate. */
export async function sendEvent(
  event: NostrEvent,
  { remote, retry }: {
    readonly remote: Pick<RemoteRelay, "publish">;
    readonly retry: RateLimitRetry;
  },
): Promise<SendOutcome> {
  try {
    return outcomeOf(
      await retry.run(async () => {
        const answer = await remote.publish(event);
        if (answer.accepted || !hasPrefix(answer.reason, "rate-limited")) return answer;
        throw new RemoteRefusal(answer.reason, "refused");
      }),
    );
  } catch (error) {
    if (error instanceof RemoteRefusal && error.isRateLimit) return { refused: error.message };
    throw error;
  }
}

function outcomeOf({ accepted, reason }: RemoteAnswer): SendOutcome {
  // NIP-01 leaves open whether an event that is there already is accepted.
  if (hasPrefix(reason, "duplicate")) return "duplicate";
  return accepted ? "accepted" : { refused: reason === "" ? "without a reason" : reason };
}

/** Splits a list. */
export function* batchesOf<T>(items: Iterable<T>, size: number): Generator<readonly T[], void> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
