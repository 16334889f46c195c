/**
 * Finds out what another relay has that is missing here, and the reverse: by reconciliation, or by
 * reading all that it has where it does not reconcile.
 *
 * @see NIP-01, NIP-77
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import type { JsonObject } from "../nostr/json.ts";
import { matches } from "../nostr/match.ts";
import { differences, type LocalEvents } from "./difference.ts";
import { type Page, pages } from "./pages.ts";
import { RemoteRefusal } from "./remote_refusal.ts";
import type { RemoteRelay } from "./remote_relay.ts";
import { rangeOf } from "./time_range.ts";

interface CompareOptions {
  readonly local: LocalEvents;
  readonly remote: Pick<RemoteRelay, "reconcile" | "query">;
  readonly filter: ReqFilter;
  /** The same filter as JSON, for the other relay. */
  readonly filterJson: JsonObject;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Longest message of a reconciliation to send, bytes. Default: 60,000, which all relays take. */
  readonly maxMessageBytes?: number;
  /** Not older than this is read where the other relay does not reconcile, seconds since 1970. */
  readonly pagingSince?: number;
  /** Whether the other relay is asked to reconcile before it is read. Default: true. */
  readonly reconciles?: boolean | undefined;
  /** Whether what the other relay lacks is looked for. Default: true. */
  readonly sends?: boolean;
  readonly signal: AbortSignal;
  /** Runs a request, and again after a pause where it was refused for its rate. */
  readonly withRetry: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called when the other relay does not reconcile, with what it said. */
  readonly onPaging?: (why: string) => void;
}

/** A part of what differs. */
export interface Step {
  /** Ids that the other relay lacks. */
  readonly have: Iterable<string>;
  /** Ids that are missing here, to be fetched. */
  readonly need: Iterable<string>;
  /** Events of the other relay that were read along; some may be here already. */
  readonly events: readonly NostrEvent[];
  /** How many had not the shape of an event. */
  readonly malformed: number;
  /** A second of which the other relay may have more events than it gives. */
  readonly partialSecond?: number;
}

const DEFAULT_MESSAGE_BYTES = 60_000;

/** Compares in steps, the newest events first. Throws {@link RemoteRefusal}. */
export async function* compare(options: CompareOptions): AsyncGenerator<Step, void> {
  if (options.reconciles !== false) {
    const why = yield* reconciled(options);
    if (why === undefined) return;
    options.onPaging?.(why);
  }
  yield* read(options);
}

/** Compares by reconciliation. Returns why the other relay has to be read instead, if it has to. */
async function* reconciled(options: CompareOptions): AsyncGenerator<Step, string | undefined> {
  const { local, remote, filter, signal, sha256, withRetry } = options;
  const { maxMessageBytes = DEFAULT_MESSAGE_BYTES } = options;
  const { since: _since, until: _until, ...filterJson } = options.filterJson;
  const range = rangeOf(filter);
  let hasCompared = false;
  const retrying: Pick<RemoteRelay, "reconcile"> = {
    reconcile: (...request) => withRetry(() => remote.reconcile(...request)),
  };
  try {
    const compared = { local, remote: retrying, filter: filterJson, range, signal, sha256 };
    for await (const { have, need } of differences({ ...compared, maxMessageBytes })) {
      hasCompared = true;
      yield { have, need, events: [], malformed: 0 };
    }
    return undefined;
  } catch (error) {
    if (hasCompared || !mayBeRead(error)) throw error;
    return error.message;
  }
}

async function* read(options: CompareOptions): AsyncGenerator<Step, void> {
  const { remote, filter, signal, withRetry } = options;
  const { since: _since, until: _until, ...filterJson } = options.filterJson;
  const range = rangeOf(filter);
  const retrying: Pick<RemoteRelay, "query"> = {
    query: (page) => withRetry(() => remote.query(page)),
  };
  const since = Math.max(range.since, options.pagingSince ?? 0);
  const asked = { remote: retrying, filter: filterJson, range: { ...range, since }, signal };
  for await (const page of pages(asked)) {
    yield* stepsOf(page, options);
  }
}

/** Whether a relay that failed to reconcile may be read by REQ all the same. */
function mayBeRead(error: unknown): error is RemoteRefusal {
  return error instanceof RemoteRefusal && error.kind !== "gone" &&
    !error.asksForAuth && !error.isRateLimit;
}

async function* stepsOf(
  { events: all, range, malformed, isPartial }: Page,
  { filter, local, signal, sends = true }: CompareOptions,
): AsyncGenerator<Step, void> {
  const { limit: _limit, ...condition } = filter;
  // A relay may send what was not asked for.
  const events = all.filter((event) => matches(condition, event));
  yield {
    ...{ have: [], need: [], events, malformed },
    ...isPartial && { partialSecond: range.since },
  };
  // What is here of a second that is not known in full cannot be said to be missing there.
  if (!sends || isPartial || range.since > range.until) return;
  const theirs = new Set(events.map(({ id }) => id));
  for await (const rows of local.identify(range, signal)) {
    const have = rows.map(({ id }) => id).filter((id) => !theirs.has(id));
    if (have.length > 0) yield { have, need: [], events: [], malformed: 0 };
  }
}
