/**
 * COUNT: counts the stored events that match. The answer is COUNT, or CLOSED.
 *
 * @see NIP-45
 * @module
 */

import { parseRequest } from "../../nostr/client_message.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { closedMessage, countMessage, noticeMessage } from "../../nostr/relay_message.ts";
import { countRefusal } from "../counters.ts";
import { filterValueCount } from "../filter_values.ts";
import { isTimeOut, queryFailure } from "../live/query_failure.ts";
import {
  asksForAuth,
  chargeIfLimited,
  type Conversation,
  measured,
  type UnansweredRequest,
  type Verb,
} from "./conversation.ts";

/** Queues a COUNT. */
export const count: Verb = ({ context: { limits }, peer, counts }, message) => {
  const parsed = parseRequest(message, limits);
  if ("notice" in parsed) return peer.send(noticeMessage(parsed.notice));
  if (limits.maxCountRows === 0) return counts.refuse(parsed.id, NO_COUNT);
  if ("reason" in parsed) return counts.refuse(parsed.id, parsed.reason);
  counts.add({ ...parsed, startMs: peer.lastHeardMs });
};

const NO_COUNT = reason("unsupported", "this relay does not count");

/** A queued COUNT. It shares no ids with subscriptions, and CLOSE does not cancel it. */
interface CountQuery {
  readonly id: string;
  readonly filters: readonly ReqFilter[];
  /** When it came, monotonic, milliseconds. */
  readonly startMs: number;
}

/**
 * Runs the COUNTs of a connection one at a time: counting costs the database more than a REQ.
 *
 * @see NIP-45
 */
export class CountQueue {
  readonly #conversation: Conversation;
  readonly #ended = new AbortController();
  readonly #waiting: CountQuery[] = [];
  /** The one that the store has not answered yet. */
  #unanswered: UnansweredRequest | undefined = undefined;
  #isRunning = false;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** The one that the store is asked for. */
  get unanswered(): UnansweredRequest | undefined {
    return this.#unanswered;
  }

  /** Queues at most as many as a connection may have subscriptions, and refuses the rest. */
  add(query: CountQuery): void {
    const { context: { limits: { maxSubscriptions } }, filterValues } = this.#conversation;
    if (this.#waiting.length >= maxSubscriptions) {
      const tooMany = `at most ${maxSubscriptions} counts may wait`;
      return this.refuse(query.id, reason("rate-limited", tooMany));
    }
    if (!filterValues.take(filterValueCount(query.filters))) {
      return this.refuse(query.id, reason("rate-limited", "your filters list too many values"));
    }
    this.#waiting.push(query);
    if (!this.#isRunning) void this.#run();
  }

  /** Answers with CLOSED. */
  refuse(id: string, why: Reason): void {
    const { context, answers, authentication } = this.#conversation;
    countRefusal(context.counters, why.prefix);
    this.#conversation.noteRefusal(why);
    if (asksForAuth(why)) authentication.ask((challenge) => answers.push(challenge));
    answers.push(closedMessage(id, why));
  }

  /** Cancels the running COUNT, at the database too, and drops the queued ones. */
  drop(): void {
    for (const { filters } of this.#waiting.splice(0)) this.#giveBack(filters);
    this.#ended.abort();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let query = this.#waiting.shift(); query; query = this.#waiting.shift()) {
      const { filters } = query;
      await this.#answer(query);
      // What memory answers is there at once, so that all that wait would be counted in one go.
      await this.#conversation.context.turn(this.#conversation.source);
      this.#giveBack(filters);
    }
    this.#isRunning = false;
  }

  #giveBack(filters: CountQuery["filters"]): void {
    this.#conversation.filterValues.give(filterValueCount(filters));
  }

  async #answer(query: CountQuery): Promise<void> {
    const { id, filters } = query;
    const { context, client, answers } = this.#conversation;
    const { access, clock } = context;
    const decided = await access.request({ verb: "COUNT", filters, client, nowMs: clock.nowMs() });
    if (this.#ended.signal.aborted) return;
    if ("prefix" in decided) {
      chargeIfLimited(this.#conversation, decided);
      return this.refuse(id, decided);
    }
    const answer = await this.#count({ ...query, filters: decided });
    if (!this.#ended.signal.aborted) answers.push(answer);
  }

  async #count({ id, filters, startMs }: CountQuery): Promise<string> {
    const { context, client, source } = this.#conversation;
    const { store, limits, reading, counters, access, clock, timings } = context;
    this.#unanswered = { verb: "COUNT", id, filters, startMs };
    const { signal } = this.#ended;
    const timer = measured(this.#conversation, "COUNT", filters);
    try {
      const { maxCountRows: maxRows, countTimeoutMs: timeoutMs } = limits;
      const reader = access.readerOf(client);
      const bounds = { maxRows, signal, timeoutMs, source, reader };
      const result = await store.count(filters, { ...bounds, ...timer?.callbacks });
      timer?.end("answered");
      reading.worked();
      counters.counted++;
      timings.countToAnswer.observe((clock.monotonicMs() - startMs) / 1_000);
      return countMessage(id, result);
    } catch (error) {
      timer?.failed(error, signal);
      if (isTimeOut(error)) counters.timedOut++;
      else if (!signal.aborted) reading.failed(error);
      return closedMessage(id, queryFailure(error));
    } finally {
      this.#unanswered = undefined;
    }
  }
}
