/**
 * A connection's COUNTs: answered one after another outside the loop, and given to it as signals.
 *
 * @module
 */

import type { Source } from "../../base/fair_queue.ts";
import { Inbox } from "../../base/inbox.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { reason } from "../../nostr/reason.ts";
import { closedMessage, countMessage } from "../../nostr/relay_message.ts";
import { type FilterValueAccount, filterValueCount } from "../filter_values.ts";
import type { RelayContext } from "../context.ts";
import { isTimeOut, unreadable } from "./unreadable.ts";

/** One COUNT. Its id names no subscription, and nothing closes it. */
export interface CountQuery {
  readonly query: string;
  readonly filters: readonly ReqFilter[];
}

/**
 * Counts for one connection, one query at a time: to count costs the database more than to answer, and
 * whoever asks for many can wait. A subscription of the same id has nothing to do with it.
 *
 * @see NIP-45
 */
export class CountQueue {
  /** The messages that answer: what the loop selects on, and sends. */
  readonly answers = new Inbox<"counted", string>("counted", Number.MAX_SAFE_INTEGER);
  readonly #context: RelayContext;
  readonly #ended = new AbortController();
  /** Where the values of filters that wait or run are counted. */
  readonly #values: FilterValueAccount;
  readonly #source: Source;
  readonly #waiting: CountQuery[] = [];
  #isRunning = false;

  /** @param source on whose behalf it asks */
  constructor(context: RelayContext, values: FilterValueAccount, source: Source) {
    this.#source = source;
    this.#context = context;
    this.#values = values;
  }

  /** Takes as many as the connection may have subscriptions, and refuses what is beyond. */
  add(query: CountQuery): void {
    const { maxSubscriptions } = this.#context.limits;
    if (this.#waiting.length >= maxSubscriptions) {
      const tooMany = reason("rate-limited", `at most ${maxSubscriptions} counts may wait`);
      this.answers.push(closedMessage(query.query, tooMany));
      return;
    }
    if (!this.#values.take(filterValueCount(query.filters))) {
      const tooMany = reason("rate-limited", "your filters list too many values");
      this.answers.push(closedMessage(query.query, tooMany));
      return;
    }
    this.#waiting.push(query);
    if (!this.#isRunning) void this.#run();
  }

  /** Ends what runs, at the database too, and forgets what waits. For when the loop is over. */
  drop(): void {
    for (const { filters } of this.#waiting.splice(0)) this.#giveBack(filters);
    this.#ended.abort();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let query = this.#waiting.shift(); query; query = this.#waiting.shift()) {
      const answer = await this.#count(query);
      this.#giveBack(query.filters);
      if (!this.#ended.signal.aborted) this.answers.push(answer);
    }
    this.#isRunning = false;
  }

  #giveBack(filters: CountQuery["filters"]): void {
    this.#values.give(filterValueCount(filters));
  }

  async #count({ query, filters }: CountQuery): Promise<string> {
    const { store, limits, reading, counters } = this.#context;
    const { signal } = this.#ended;
    try {
      const { maxCountRows: maxRows, countTimeoutMs: timeoutMs } = limits;
      const result = await store.count(filters, {
        ...{ maxRows, signal, timeoutMs },
        source: this.#source,
      });
      reading.worked();
      counters.counted++;
      return countMessage(query, result);
    } catch (error) {
      if (isTimeOut(error)) counters.timedOut++;
      else if (!signal.aborted) reading.failed(error);
      return closedMessage(query, unreadable(error));
    }
  }
}
