/**
 * Takes a parsed event through its checks to the store, and decides the OK.
 *
 * The cheapest checks come first: id, policies, recently stored ids, signature, then the store. OK
 * is sent after the commit. Subscriptions get the event through the store's feed, as they get the
 * events that other instances store; that may be shortly before the OK or after it.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Source } from "../../base/fair_queue.ts";
import type { Log } from "../../base/log.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { HashText } from "../../nostr/event_id.ts";
import { deletionTargets } from "../../nostr/deletion_request.ts";
import { kindClass } from "../../nostr/kind.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { EventFeed, EventRecord, EventWriter, PutOutcome } from "../../store/event_store.ts";
import { type Counters, countRefusal } from "../counters.ts";
import type { Outage } from "../outage.ts";
import type { Access } from "../access/access.ts";
import type { Client } from "../access/client.ts";
import { BAD_SIGNATURE, check, type Refusal } from "./check.ts";
import type { RowRates } from "./row_rates.ts";
import { RecentIds } from "./recent_ids.ts";
import type { Verifier } from "../../nostr/verifier.ts";

/** The answer to an EVENT: the third and fourth elements of its OK. */
export interface Verdict {
  readonly accepted: boolean;
  readonly reason?: Reason;
  /**
   * Whether refusing it took a hash or a signature check, which a sender can provoke at no cost.
   */
  readonly isForged?: boolean;
}

/** The client that sent an event. */
export interface Sender {
  readonly client: Client;
  /** Its key in the fair queues. */
  readonly source: Source;
}

/** Options of {@link Publisher}. */
export interface PublisherOptions {
  readonly writer: EventWriter;
  readonly verifier: Verifier;
  /** Forwards ephemeral events, which are not stored. */
  readonly feed: Pick<EventFeed, "publishEphemeral">;
  readonly access: Access;
  /** Default: {@link portableHashText}. */
  readonly hashText: HashText | undefined;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Limits the rows each client may write. Default: no limit. */
  readonly rowRates?: RowRates;
  /** Logs when writing to the store begins to fail and when it works again. */
  readonly writing: Outage;
}

/** Capacity of {@link RecentIds}. An id takes about 150 bytes. */
const RECENT_IDS = 20_000;

const ACCEPTED: Verdict = { accepted: true };

/**
 * Checks events, stores or forwards them, and decides their OK.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #recent = new RecentIds(RECENT_IDS);

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * Publishes one event. Never rejects: an unexpected error becomes an `error:` verdict.
   * @param sender undefined for the relay itself
   */
  async publish(event: NostrEvent, sender?: Sender): Promise<Verdict> {
    let verdict: Verdict;
    try {
      verdict = await this.#decide(event, sender);
    } catch (error) {
      verdict = this.#broken(error);
    }
    this.#count(event, verdict);
    return verdict;
  }

  /** Logs what a policy, the signature check or the hash threw. */
  #broken(error: unknown): Verdict {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#options.log.error("an event could not be judged", { error: text });
    return refused(reason("error", "the event could not be judged"));
  }

  /** Forgets ids whose events were removed from the store, so that they can be stored again. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#recent.delete(id);
  }

  /**
   * Forgets the recently stored ids that this event deletes. Called for every stored event, of this
   * instance or another.
   */
  noteDeletion(event: NostrEvent): void {
    for (const id of deletionTargets(event).ids) this.#recent.delete(id);
    if (event.kind === VANISH_REQUEST) this.#recent.clear();
  }

  async #decide(event: NostrEvent, sender: Sender | undefined): Promise<Verdict> {
    const { access, hashText, clock, verifier } = this.#options;
    const { client, source } = sender ?? {};
    const origin = sender === undefined ? "relay" : "socket";
    const nowMs = clock.nowMs();
    const checked = check(event, { origin, client, access, nowMs, hashText });
    if ("refusal" in checked) return verdictOn(checked);
    const isSecret = client !== undefined && !access.mayReceive(event, client);
    // Safe before the signature check: the id was verified against the content, and the stored
    // event with this id had a valid signature. Skipped for an event that the client may not read:
    // `duplicate:` would disclose that it is stored.
    if (!isSecret && this.#recent.has(event.id)) return alreadyStored;
    if (!await verifier.verify(event, source)) return verdictOn(BAD_SIGNATURE);
    const asked = access.event(checked.submission);
    const decision = asked instanceof Promise ? await asked : asked;
    if (decision === "shadow") return shadowed;
    if (decision !== undefined) return refused(decision);
    if (kindClass(event.kind) === "ephemeral") {
      this.#options.feed.publishEphemeral(checked.record);
      return ACCEPTED;
    }
    if (source !== undefined && this.#options.rowRates?.admits(event, source.client) === false) {
      return refused(reason("rate-limited", "you publish too much for now, try again later"));
    }
    const verdict = await this.#store(checked.record, source?.client ?? "");
    // A client that may not read an event is not told that it is stored or deleted.
    return isSecret && (verdict === alreadyStored || verdict === deleted) ? shadowed : verdict;
  }

  async #store(record: EventRecord, source: string): Promise<Verdict> {
    const { writer, writing } = this.#options;
    try {
      const outcome = await writer.write(record, source);
      writing.worked();
      return this.#verdictOf(outcome, record.event);
    } catch (error) {
      writing.failed(error);
      return refused(
        reason("error", "the event was not confirmed as stored, publish it again later"),
      );
    }
  }

  #verdictOf(outcome: PutOutcome, event: NostrEvent): Verdict {
    this.noteDeletion(event);
    if (outcome === "superseded") return superseded;
    if (outcome === "deleted") return deleted;
    this.#remember(event);
    return outcome === "stored" ? ACCEPTED : alreadyStored;
  }

  /** Regular events only: a replaceable one can be superseded a moment later. */
  #remember(event: NostrEvent): void {
    if (kindClass(event.kind) === "regular") this.#recent.add(event.id);
  }

  #count(event: NostrEvent, verdict: Verdict): void {
    const { counters } = this.#options;
    if (!verdict.accepted && verdict.reason) countRefusal(counters, verdict.reason.prefix);
    if (verdict === alreadyStored || verdict === superseded) counters.duplicate++;
    else if (verdict === deleted) counters.deleted++;
    else if (verdict === shadowed) counters.shadowed++;
    else if (!verdict.accepted) counters.refused++;
    else if (kindClass(event.kind) === "ephemeral") counters.ephemeral++;
    else counters.stored++;
  }
}

/** A policy decided `shadow`: OK true, but the event is neither stored nor forwarded. */
const shadowed: Verdict = { accepted: true };

const alreadyStored: Verdict = {
  accepted: true,
  reason: reason("duplicate", "this event is already stored"),
};

/** NIP-01 does not say what to answer. `false`, because the event is not stored and will not be. */
const superseded: Verdict = {
  accepted: false,
  reason: reason("duplicate", "a newer version is already stored"),
};

/** @see NIP-09, NIP-62 */
const deleted: Verdict = {
  accepted: false,
  reason: reason("blocked", "deleted by its author"),
};

function verdictOn({ refusal, isForged }: Refusal): Verdict {
  return { accepted: false, reason: refusal, ...isForged && { isForged } };
}

function refused(reason: Reason): Verdict {
  return { accepted: false, reason };
}
