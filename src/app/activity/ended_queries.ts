/**
 * The slow queries that ended last, as `top` shows them.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { AskedQuery, QueryOutcome } from "../../relay/slow_query_log.ts";
import { type EndedQuery, MAX_QUERIES } from "./activity.ts";
import { filtersText } from "./filters_text.ts";

/** How long after its end a query is shown, milliseconds. */
const SHOWN_MS = 60_000;

/** Keeps the newest {@link MAX_QUERIES}. */
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
    return this.#newest.filter(({ atMs }) => nowMs - atMs < SHOWN_MS)
      .map(({ atMs, ...query }) => ({ ...query, agoMs: Math.round(nowMs - atMs) }));
  }
}
