/**
 * The slow queries that ended last, for whoever looks a moment later.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { AskedQuery, QueryOutcome } from "../../relay/slow_query_log.ts";
import { type EndedQuery, MAX_QUERIES } from "./activity.ts";
import { filtersText } from "./filters_text.ts";

/** So long they are told of, milliseconds. */
const TOLD_MS = 60_000;

/** Keeps the newest. */
export class EndedQueries {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #newest: (Omit<EndedQuery, "agoMs"> & { readonly atMs: number })[] = [];

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  add({ verb, filters, address }: AskedQuery, { ms, end }: QueryOutcome): void {
    const atMs = this.#clock.monotonicMs();
    this.#newest.unshift({ verb, client: address, filters: filtersText(filters), ms, end, atMs });
    this.#newest.length = Math.min(this.#newest.length, MAX_QUERIES);
  }

  /** Those of the last minute, the newest first. */
  latest(): readonly EndedQuery[] {
    const nowMs = this.#clock.monotonicMs();
    return this.#newest.filter(({ atMs }) => nowMs - atMs < TOLD_MS)
      .map(({ atMs, ...query }) => ({ ...query, agoMs: Math.round(nowMs - atMs) }));
  }
}
