/**
 * NEG-OPEN, NEG-MSG and NEG-CLOSE: reconciles the client's set of events with the relay's.
 *
 * @see NIP-77
 * @module
 */

import { type ClientMessage, parseClose, parseRequest } from "../../nostr/client_message.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { type ItemSet, ItemSetBuilder } from "../../nostr/negentropy/item_set.ts";
import { type Answered, answerMessage } from "../../nostr/negentropy/reconcile.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { negErrorMessage, negMessage, noticeMessage } from "../../nostr/relay_message.ts";
import type { Timer } from "../../base/clock.ts";
import type { QueryOptions } from "../../store/event_store.ts";
import { type FilterValueAccount, filterValueCount } from "../filter_values.ts";
import { countRefusal } from "../counters.ts";
import { storedFilters } from "../live/stored_filters.ts";
import { isTimeOut, queryFailure } from "../live/query_failure.ts";
import type { QueryTimer } from "../slow_query_log.ts";
import { NoRoom, SlicedItems } from "./sliced_items.ts";
import {
  asksForAuth,
  chargeIfLimited,
  type Conversation,
  measured,
  type Verb,
} from "./conversation.ts";

/** Longest answer, bytes; twice that as hex in a message. */
const MAX_ANSWER_BYTES = 131_072;

/** How often silent clients are looked for, milliseconds. */
const SILENCE_CHECK_MS = 500;

/** Opens a reconciliation and closes any with the same id. */
export const openReconciliation: Verb = (conversation, message) => {
  const { context: { limits }, peer, reconciliations } = conversation;
  const [verb, id, filter, hex] = message.parts;
  const parsed = parseRequest({ verb: message.verb, parts: [verb, id, filter] }, limits);
  if ("notice" in parsed) return peer.send(noticeMessage(parsed.notice));
  if (limits.maxSyncEvents === 0) return reconciliations.refuse(parsed.id, NOT_HERE);
  if ("reason" in parsed) return reconciliations.refuse(parsed.id, parsed.reason);
  if (parsed.filters.some(({ search }) => search !== undefined)) {
    return reconciliations.refuse(parsed.id, NO_SEARCH);
  }
  const bytes = bytesOf(hex);
  if (bytes === undefined) return reconciliations.refuse(parsed.id, NOT_HEX);
  void reconciliations.open(parsed.id, parsed.filters, bytes);
};

/** Answers a NEG-MSG. */
export const reconcile: Verb = ({ peer, reconciliations }, message) => {
  const parsed = parseClose(message);
  if ("notice" in parsed) return peer.send(noticeMessage(idMissing(message)));
  const bytes = bytesOf(message.parts[2]);
  if (bytes === undefined) return reconciliations.refuse(parsed.id, NOT_HEX);
  reconciliations.answer(parsed.id, bytes);
};

/** Closes a reconciliation without an answer. */
export const closeReconciliation: Verb = ({ peer, reconciliations }, message) => {
  const parsed = parseClose(message);
  if ("notice" in parsed) peer.send(noticeMessage(idMissing(message)));
  else reconciliations.end(parsed.id);
};

function idMissing({ verb }: ClientMessage): string {
  return `${verb} without a readable id`;
}

const NOT_HERE = reason("blocked", "this relay does not reconcile");
const NO_SEARCH = reason("blocked", "what a search finds cannot be reconciled");
const TOO_MANY_VALUES = reason("blocked", "your filters list too many values");
const NOT_HEX = reason("invalid", "the message is not hex");
const UNKNOWN: Reason = reason("closed", "there is no such session");
const TOO_SLOW: Reason = reason("closed", "you took too long to answer");

const TOO_EARLY = reason("invalid", "the answer to the message before has not been sent");

/** A reconciliation, over the events that the relay had when it was opened; see {@link SlicedItems}. */
interface Reconciliation {
  /** Undefined while they are being read. */
  items: ItemSet | SlicedItems | undefined;
  /** Whether an answer is being prepared. */
  isAnswering: boolean;
  /** Items that it has reserved. */
  held: number;
  /** Values of its filter, which it keeps. */
  readonly valueCount: number;
  readonly ended: AbortController;
  /** When its client last sent a message, monotonic, milliseconds. */
  heardMs: number;
}

/**
 * The reconciliations of a connection.
 */
export class Reconciliations {
  readonly #conversation: Conversation;
  readonly #open = new Map<string, Reconciliation>();
  /** Items that this connection's reconciliations hold of the total. */
  readonly #account: FilterValueAccount;
  /** Closes silent reconciliations; runs while any is open. */
  #timer: Timer | undefined = undefined;

  constructor(conversation: Conversation) {
    const { context, client } = conversation;
    this.#conversation = conversation;
    this.#account = context.syncItems.open(client.network);
  }

  /** Reads the matching events and answers the first message. Never rejects. */
  async open(id: string, filters: readonly ReqFilter[], message: Uint8Array): Promise<void> {
    const { context, client, source } = this.#conversation;
    const { access, clock, limits } = context;
    this.end(id);
    if (this.#open.size >= limits.maxSyncSessions) {
      const tooMany = `at most ${limits.maxSyncSessions} sessions may be open`;
      return this.refuse(id, reason("blocked", tooMany));
    }
    const valueCount = filterValueCount(filters);
    if (!this.#conversation.filterValues.take(valueCount)) return this.refuse(id, TOO_MANY_VALUES);
    const reconciliation: Reconciliation = {
      items: undefined,
      isAnswering: false,
      held: 0,
      valueCount,
      ended: new AbortController(),
      heardMs: clock.monotonicMs(),
    };
    this.#open.set(id, reconciliation);
    this.#timer ??= clock.every(SILENCE_CHECK_MS, () => this.#endSilent());
    const nowMs = clock.nowMs();
    const decided = await access.request({ verb: "NEG-OPEN", filters, client, nowMs });
    if (reconciliation.ended.signal.aborted) return;
    if ("prefix" in decided) {
      chargeIfLimited(this.#conversation, decided);
      return this.refuse(id, decided);
    }
    // Of many under one id, most are replaced before their turn comes.
    await context.turn(source);
    if (reconciliation.ended.signal.aborted) return;
    const timer = measured(this.#conversation, "NEG-OPEN", decided);
    const refusal = await this.#fill(reconciliation, decided, timer);
    const { aborted } = reconciliation.ended.signal;
    timer?.end(aborted ? "given-up" : refusal === undefined ? "answered" : "failed");
    if (aborted) return;
    if (refusal !== undefined) return this.refuse(id, refusal.why, refusal.maxEvents);
    this.answer(id, message);
  }

  answer(id: string, message: Uint8Array): void {
    const { context } = this.#conversation;
    const reconciliation = this.#open.get(id);
    if (reconciliation?.items === undefined) return this.refuse(id, UNKNOWN);
    if (reconciliation.isAnswering) return this.refuse(id, TOO_EARLY);
    reconciliation.heardMs = context.clock.monotonicMs();
    const { items } = reconciliation;
    if (items instanceof SlicedItems) {
      return void this.#answerFromSlices(
        id,
        reconciliation,
        () => items.answer(message, this.#how),
      );
    }
    this.#send(id, answerMessage(items, message, this.#how));
  }

  get #how() {
    return { sha256: this.#conversation.context.sha256, maxMessageBytes: MAX_ANSWER_BYTES };
  }

  #send(id: string, answered: Answered): void {
    if ("fault" in answered) return this.refuse(id, reason("invalid", answered.fault));
    this.#conversation.answers.push(negMessage(id, answered.message));
  }

  /** Never rejects. */
  async #answerFromSlices(
    id: string,
    reconciliation: Reconciliation,
    answer: () => Promise<Answered>,
  ): Promise<void> {
    const { signal } = reconciliation.ended;
    reconciliation.isAnswering = true;
    try {
      const answered = await answer();
      if (signal.aborted) return;
      this.#conversation.context.reading.worked();
      reconciliation.isAnswering = false;
      reconciliation.heardMs = this.#conversation.context.clock.monotonicMs();
      this.#send(id, answered);
    } catch (error) {
      const why = this.#failure(error, signal);
      if (!signal.aborted) this.refuse(id, why);
    }
  }

  /**
   * Closes a reconciliation with NEG-ERR.
   *
   * @param maxEvents how many events may be reconciled, when that was exceeded
   */
  refuse(id: string, why: Reason, maxEvents?: number): void {
    const { context, answers, authentication } = this.#conversation;
    this.end(id);
    if (why.prefix !== "closed") {
      countRefusal(context.counters, why.prefix);
      this.#conversation.noteRefusal(why);
    }
    if (asksForAuth(why)) authentication.ask((challenge) => answers.push(challenge));
    answers.push(negErrorMessage(id, why, maxEvents));
  }

  refuseAll(why: Reason): void {
    for (const id of [...this.#open.keys()]) this.refuse(id, why);
  }

  end(id: string): void {
    const reconciliation = this.#open.get(id);
    if (reconciliation === undefined) return;
    this.#open.delete(id);
    this.#account.give(reconciliation.held);
    this.#conversation.filterValues.give(reconciliation.valueCount);
    reconciliation.ended.abort();
    if (this.#open.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  endAll(): void {
    for (const id of [...this.#open.keys()]) this.end(id);
  }

  /** Closes reconciliations whose client was silent for too long. */
  #endSilent(): void {
    const { clock, limits } = this.#conversation.context;
    const nowMs = clock.monotonicMs();
    for (const [id, { heardMs, items, isAnswering }] of this.#open) {
      // While events are being read, it is the relay's turn.
      const isTheirTurn = items !== undefined && !isAnswering;
      if (isTheirTurn && nowMs - heardMs >= limits.syncTimeoutMs) this.refuse(id, TOO_SLOW);
    }
  }

  /** Reads the matching events, or their sums alone, or returns why it cannot. */
  async #fill(
    reconciliation: Reconciliation,
    filters: readonly ReqFilter[],
    timer: QueryTimer | undefined,
  ): Promise<{ readonly why: Reason; readonly maxEvents?: number } | undefined> {
    const { context, client, source } = this.#conversation;
    const { store, limits, access, reading } = context;
    const { signal } = reconciliation.ended;
    const maxEvents = limits.maxSyncEvents;
    const builder = new ItemSetBuilder();
    const asked = {
      ...{ signal, source, timeoutMs: limits.syncTimeoutMs },
      reader: access.readerOf(client),
      ...timer?.callbacks,
    };
    try {
      reconciliation.items = await this.#sliced(reconciliation, filters, asked);
      if (reconciliation.items !== undefined) return undefined;
      for await (const rows of store.identify(boundedFilters(filters, maxEvents), asked)) {
        // Ending the reconciliation has already returned the reserved items.
        if (signal.aborted) return undefined;
        if (builder.size + rows.length > maxEvents) return { why: TOO_BIG, maxEvents };
        if (!this.#take(reconciliation, rows.length)) return { why: BUSY };
        for (const { createdAt, id } of rows) builder.add(createdAt, id);
      }
      reading.worked();
      reconciliation.items = builder.build();
      return undefined;
    } catch (error) {
      return { why: this.#failure(error, signal) };
    }
  }

  /** Undefined where the store does not know the sums. */
  async #sliced(
    reconciliation: Reconciliation,
    [filter, ...others]: readonly ReqFilter[],
    asked: QueryOptions & { readonly timeoutMs: number },
  ): Promise<SlicedItems | undefined> {
    if (filter === undefined || others.length > 0) return undefined;
    const { store, clock, limits } = this.#conversation.context;
    return await SlicedItems.open({
      ...{ store, clock, filter, asked },
      maxHeldItems: limits.maxSyncEvents,
      take: (count) => this.#take(reconciliation, count),
      give: (count) => {
        if (reconciliation.ended.signal.aborted) return;
        reconciliation.held -= count;
        this.#account.give(count);
      },
    });
  }

  /** Reserves items. Ending the reconciliation has already returned those that it had. */
  #take(reconciliation: Reconciliation, count: number): boolean {
    if (reconciliation.ended.signal.aborted || !this.#account.take(count)) return false;
    reconciliation.held += count;
    return true;
  }

  #failure(error: unknown, signal: AbortSignal): Reason {
    if (error instanceof NoRoom) return BUSY;
    const { reading, limits } = this.#conversation.context;
    // The error has what was left for the last reading, not what the message had.
    if (isTimeOut(error)) {
      return reason("error", `the database worked longer than ${limits.syncTimeoutMs} ms for it`);
    }
    if (!signal.aborted) reading.failed(error);
    return queryFailure(error);
  }
}

const TOO_BIG = reason("blocked", "this query is too big");
const BUSY = reason("blocked", "too many events are being compared, try again later");

/** Keeps a filter's own limit. One more than allowed is read, to detect an excess. */
function boundedFilters(filters: readonly ReqFilter[], maxEvents: number): readonly ReqFilter[] {
  return storedFilters(filters, { maxLimit: maxEvents + 1, defaultLimit: maxEvents + 1 });
}

/** Decodes hex of either case; undefined when it is not hex. */
function bytesOf(hex: unknown): Uint8Array | undefined {
  if (typeof hex !== "string" || !/^(?:[0-9a-fA-F]{2})*$/.test(hex)) return undefined;
  return Uint8Array.fromHex(hex);
}
