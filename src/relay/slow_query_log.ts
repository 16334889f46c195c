/**
 * Logs queries that took long: the first of each kind at once, and once a minute how many more there
 * were, so that a flood of slow queries is a few lines.
 *
 * @module
 */

import type { Clock, Timer } from "../base/clock.ts";
import type { Log, LogFields } from "../base/log.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { filterText } from "../nostr/filter_text.ts";
import { isTimeOut } from "./live/query_failure.ts";
import type { AnswerSource, DatabaseWork, QueryOptions } from "../store/event_store.ts";

/** What a {@link SlowQueryLog} writes to, and from when on. */
interface SlowQueryLogOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** How long a query takes that is logged, milliseconds; 0 logs none. */
  readonly slowMs: number;
  /** Called with each slow query. Default: nothing is called. */
  readonly onSlow?: (query: AskedQuery, took: QueryOutcome) => void;
}

/** A query of a client. */
export interface AskedQuery {
  readonly verb: "REQ" | "COUNT" | "NEG-OPEN";
  readonly filters: readonly ReqFilter[];
  readonly address: string;
}

/** How a query ended; `given-up` when its client did not want it any more. */
type QueryEnd = "answered" | "given-up" | "timed-out" | "failed";

/** How long a query took, milliseconds, and how it ended. */
export interface QueryOutcome {
  readonly ms: number;
  readonly end: QueryEnd;
}

/** The interval in which lines are counted, milliseconds. */
const INTERVAL_MS = 60_000;

/** Kinds of queries that are told apart in one interval. */
const MAX_KINDS = 20;

/** The queries of one kind since its line was written. */
interface Repeats {
  times: number;
  totalMs: number;
  slowest: LogFields & { readonly ms: number };
}

/** Writes at level info. */
export class SlowQueryLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #onSlow: SlowQueryLogOptions["onSlow"];
  #slowMs: number;
  /** By verb, source and plan, without the numbers in it. */
  readonly #kinds = new Map<string, Repeats>();
  #timer: Timer | undefined;

  constructor({ log, clock, slowMs, onSlow }: SlowQueryLogOptions) {
    this.#onSlow = onSlow;
    this.#log = log;
    this.#clock = clock;
    this.#slowMs = slowMs;
  }

  /** Logs queries that take so long from now on, milliseconds; 0 logs none. */
  update(slowMs: number): void {
    this.#slowMs = slowMs;
  }

  /** Starts measuring a query. Undefined while none is logged. */
  begin(query: AskedQuery): QueryTimer | undefined {
    if (this.#slowMs === 0) return undefined;
    return new QueryTimer(this.#clock, (timer, end) => {
      const ms = Math.round(timer.elapsedMs);
      if (this.#slowMs === 0 || ms < this.#slowMs) return;
      this.#onSlow?.(query, { ms, end });
      this.#note(kindOf(query, timer), fieldsOf(query, timer, { ms, end }));
    });
  }

  /** Writes what was counted. */
  close(): void {
    this.#writeRepeats();
  }

  #note(kind: string, fields: Repeats["slowest"]): void {
    this.#timer ??= this.#clock.after(INTERVAL_MS, () => this.#writeRepeats());
    const known = this.#kinds.get(kind) ?? this.#kinds.get(OTHERS);
    if (known !== undefined) return count(known, fields);
    const isTooMany = this.#kinds.size >= MAX_KINDS;
    this.#kinds.set(isTooMany ? OTHERS : kind, { times: 0, totalMs: 0, slowest: fields });
    this.#log.info("slow query", fields);
  }

  #writeRepeats(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { times, totalMs, slowest } of this.#kinds.values()) {
      if (times > 0) this.#log.info("more slow queries", { times, totalMs, ...slowest });
    }
    this.#kinds.clear();
  }
}

/** The kind of all queries of an interval beyond {@link MAX_KINDS}. */
const OTHERS = "";

function count(repeats: Repeats, fields: Repeats["slowest"]): void {
  if (repeats.times === 0 || fields.ms > repeats.slowest.ms) repeats.slowest = fields;
  repeats.times++;
  repeats.totalMs += fields.ms;
}

/** Measures one query. */
export class QueryTimer {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #startMs: number;
  readonly #onEnd: (timer: QueryTimer, end: QueryEnd) => void;
  #pausedMs = 0;
  /** What answers, and what the database does for it, as the store tells. */
  #source: AnswerSource | undefined;
  #work: DatabaseWork | undefined;

  constructor(
    clock: Pick<Clock, "monotonicMs">,
    onEnd: (timer: QueryTimer, end: QueryEnd) => void,
  ) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#startMs = clock.monotonicMs();
  }

  /** For the store. */
  readonly callbacks: Pick<QueryOptions, "onSource" | "onWork"> = {
    onSource: (source) => void (this.#source = source),
    onWork: (work) => void (this.#work = work),
  };

  /** How long the query has taken, without the time in which its reader could not take more. */
  get elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startMs - this.#pausedMs;
  }

  /** Whatever a store without a window is, it is the database. */
  get source(): AnswerSource {
    return this.#source ?? "database";
  }

  get work(): DatabaseWork | undefined {
    return this.#work;
  }

  /** Waits for the reader. */
  async waitFor(reader: Promise<void>): Promise<void> {
    const sinceMs = this.#clock.monotonicMs();
    await reader;
    this.#pausedMs += this.#clock.monotonicMs() - sinceMs;
  }

  end(end: QueryEnd): void {
    this.#onEnd(this, end);
  }

  /** The query was ended, or could not be answered. */
  failed(error: unknown, { aborted }: AbortSignal): void {
    this.end(aborted ? "given-up" : isTimeOut(error) ? "timed-out" : "failed");
  }
}

function kindOf({ verb }: AskedQuery, { source, work }: QueryTimer): string {
  return `${verb} ${source} ${work?.plan.replaceAll(/\d+/g, "")}`;
}

function fieldsOf(
  { verb, filters, address }: AskedQuery,
  { source, work }: QueryTimer,
  { ms, end }: QueryOutcome,
): Repeats["slowest"] {
  return {
    ...{ address, verb, ms },
    databaseMs: work && Math.round(work.databaseMs),
    source,
    plan: work?.plan,
    end: end === "answered" ? undefined : end,
    filter: filterText(filters),
  };
}
