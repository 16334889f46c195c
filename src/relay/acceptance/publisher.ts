/**
 * Publishes events: checks them, stores them and passes them on.
 *
 * Cheap checks come first: id, the policies' `screen` hooks, known ids (`repeat` hooks), signature,
 * the policies' `event` hooks, the client's rate, and then the store. The OK of a stored event follows
 * its commit. Listeners receive the event through the store's feed, as they receive those that other
 * instances store, shortly before or after the OK.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Source } from "../../base/fair_queue.ts";
import { describeError } from "../../base/error_text.ts";
import type { Log } from "../../base/log.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { HashText } from "../../nostr/event_id.ts";
import { deletionTargets } from "../../nostr/deletion_request.ts";
import { kindClass } from "../../nostr/kind.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { EventFeed, EventWriter, PutOutcome } from "../../store/event_store.ts";
import { type Counters, countRefusal } from "../counters.ts";
import type { Outage } from "../outage.ts";
import type { Access } from "../access/access.ts";
import type { Client } from "../access/client.ts";
import type { EventDecision, Submission } from "../access/policy.ts";
import { BAD_SIGNATURE, check, type Checked, type Refusal } from "./check.ts";
import type { RowRates } from "./row_rates.ts";
import { RecentIds } from "./recent_ids.ts";
import type { Verifier } from "../../nostr/verifier.ts";

/** The answer to an EVENT: the third and fourth element of its OK. */
export interface Verdict {
  readonly accepted: boolean;
  readonly reason?: Reason;
  /** Whether it was refused only after work that a sender can cause at no cost: a hash, a signature. */
  readonly isForged?: boolean;
}

/** On whose behalf an event is published: a client's, or that of another relay. */
export interface Sender {
  /** Undefined for another relay. */
  readonly client?: Client;
  /** The URL of the other relay. */
  readonly from?: string;
  /** In the queues, sources take turns. */
  readonly source: Source;
  /** See {@link EventRecord.arrivedMs}. */
  readonly arrivedMs?: number;
}

/** An event whose signature is to be checked. */
type CheckedEvent = Exclude<Checked, Refusal> & {
  /** Whether its sender may not read it. */
  readonly isSecret: boolean;
};

/** Where events wait for their turn. */
export interface PublishGate {
  /** Undefined where there is nothing to wait for. Whoever has waited {@link PublishGate.leave leaves}. */
  enter(source: Source): Promise<void> | undefined;
  /** An event that has waited was stored, passed on or refused. */
  leave(): void;
}

/** Options of {@link Publisher}. */
export interface PublisherOptions {
  readonly writer: EventWriter;
  readonly verifier: Verifier;
  /** Takes what is passed on and not stored. */
  readonly feed: Pick<EventFeed, "publishEphemeral">;
  readonly access: Access;
  /** Undefined for the built-in one. */
  readonly hashText: HashText | undefined;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Where events of others wait until those before them were delivered. Default: they do not. */
  readonly gate?: PublishGate;
  /** How much each client may have stored. Default: anything. */
  readonly rowRates?: RowRates;
  /** Whether writing to the store fails at present. */
  readonly writing: Outage;
}

/**
 * How many stored events are known without asking the store, and how many ephemeral ones. An id costs
 * about 150 bytes.
 */
const RECENT_IDS = 20_000;

const ACCEPTED: Verdict = { accepted: true };

/** Checks, stores and passes on events, whoever sent them. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #recent = new RecentIds(RECENT_IDS);
  /** Ephemeral events that were passed on. */
  readonly #passedOn = new RecentIds(RECENT_IDS);

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * Publishes one event. Never rejects: an unexpected error becomes an `error:` verdict.
   *
   * @param sender undefined for the relay itself
   */
  async publish(event: NostrEvent, sender?: Sender): Promise<Verdict> {
    const { verifier, gate } = this.#options;
    let waiting: Promise<void> | undefined;
    try {
      const checked = this.#check(event, sender);
      if ("verdict" in checked) return this.#count(event, checked.verdict);
      if (!await verifier.verify(event, sender?.source)) return this.#count(event, badSignature);
      if (sender !== undefined) waiting = gate?.enter(sender.source);
      if (waiting !== undefined) await waiting;
      return await this.#passOn(checked, sender);
    } catch (error) {
      return this.#count(event, this.#broken(error));
    } finally {
      if (waiting !== undefined) gate?.leave();
    }
  }

  /** Has an event with a valid signature decided about, and stored. */
  async #passOn(checked: CheckedEvent, sender: Sender | undefined): Promise<Verdict> {
    const { access, writer } = this.#options;
    const { record: { event }, submission: asked } = checked;
    let isWriting = false;
    try {
      const decided = access.event(asked);
      const decision = decided instanceof Promise ? await decided : decided;
      const verdict = this.#unlessStored(checked, decision, sender);
      if (verdict !== undefined) return this.#count(event, verdict, asked);
      isWriting = true;
      const outcome = await writer.write(checked.record, sender?.source.client ?? "");
      isWriting = false;
      return this.#count(event, this.#verdictOn(outcome, checked), asked);
    } catch (error) {
      return this.#count(event, isWriting ? this.#notWritten(error) : this.#broken(error), asked);
    }
  }

  /** Logs what a policy, the signature check or the hash threw. */
  #broken(error: unknown): Verdict {
    this.#options.log.error("an event could not be judged", { error: describeError(error) });
    return refused(reason("error", "the event could not be judged"));
  }

  /** Takes note of events that were removed and may come again. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#recent.delete(id);
  }

  /**
   * Takes note of an event that was stored here or elsewhere: what it may have deleted is no longer known
   * to be there.
   */
  noteDeletion(event: NostrEvent): void {
    for (const id of deletionTargets(event).ids) this.#recent.delete(id);
    if (event.kind === VANISH_REQUEST) this.#recent.clear();
  }

  /** The checks that come before the signature. */
  #check(event: NostrEvent, sender: Sender | undefined): CheckedEvent | { verdict: Verdict } {
    const { access, hashText, clock } = this.#options;
    const { client, from, arrivedMs } = sender ?? {};
    const origin = sender === undefined ? "relay" : client === undefined ? "sync" : "socket";
    const nowMs = clock.nowMs();
    const checked = check(event, { origin, client, from, access, nowMs, hashText, arrivedMs });
    if ("refusal" in checked) return { verdict: refusedBy(checked) };
    const isSecret = client !== undefined && !access.mayReceive(event, client);
    // Safe before the signature check: the id was verified against the content, and the stored
    // event with this id had a valid signature. Skipped for an event that the client may not read:
    // `duplicate:` would disclose that it is stored.
    if (!isSecret && this.#recent.has(event.id)) {
      const refusal = access.repeat(checked.submission);
      return { verdict: refusal === undefined ? alreadyStored : refused(refusal) };
    }
    return { ...checked, isSecret };
  }

  /** The verdict on an event that the policies have decided about, unless it has to be stored. */
  #unlessStored(
    { record }: CheckedEvent,
    decision: EventDecision,
    sender: Sender | undefined,
  ): Verdict | undefined {
    const { feed, rowRates } = this.#options;
    if (decision === "shadow") return shadowed;
    if (decision !== undefined) return refused(decision);
    if (kindClass(record.event.kind) === "ephemeral") {
      feed.publishEphemeral(record);
      const { id } = record.event;
      if (this.#passedOn.has(id)) return passedOnAgain;
      this.#passedOn.add(id);
      return ACCEPTED;
    }
    // Another relay was chosen by the operator; its events queue by themselves.
    if (
      sender?.client !== undefined &&
      rowRates?.admits(record.event, sender.source.client) === false
    ) {
      return refused(reason("rate-limited", "too many events, try again later"));
    }
    return undefined;
  }

  #verdictOn(outcome: PutOutcome, { record: { event }, isSecret }: CheckedEvent): Verdict {
    this.#options.writing.worked();
    this.noteDeletion(event);
    // A client that may not read an event is not told that it is stored or deleted.
    if (isSecret && (outcome === "duplicate" || outcome === "deleted")) return shadowed;
    if (outcome === "superseded") return superseded;
    if (outcome === "deleted") return deleted;
    this.#remember(event);
    return outcome === "stored" ? ACCEPTED : alreadyStored;
  }

  #notWritten(error: unknown): Verdict {
    this.#options.writing.failed(error);
    return refused(
      reason("error", "the event was not confirmed as stored, publish it again later"),
    );
  }

  /** A replaceable event may be gone again a moment later; only what stays is remembered. */
  #remember(event: NostrEvent): void {
    if (kindClass(event.kind) === "regular") this.#recent.add(event.id);
  }

  /**
   * Counts a verdict, and tells the policies of an event that they were asked about and that is not new.
   *
   * @param asked what the `event` hooks were asked about, if they were
   */
  #count(event: NostrEvent, verdict: Verdict, asked?: Submission): Verdict {
    const { counters, access } = this.#options;
    if (asked !== undefined && verdict !== ACCEPTED) access.unstored(asked);
    if (!verdict.accepted && verdict.reason) countRefusal(counters, verdict.reason.prefix);
    if (verdict === alreadyStored || verdict === superseded) counters.duplicate++;
    else if (verdict === deleted) counters.deleted++;
    else if (verdict === shadowed) counters.shadowed++;
    else if (!verdict.accepted) counters.refused++;
    else if (kindClass(event.kind) === "ephemeral") counters.ephemeral++;
    else counters.stored++;
    return verdict;
  }
}

/** Passed on, since others may listen now, but it does not count for its key: anybody may send it. */
const passedOnAgain: Verdict = { accepted: true };

/** What a client is told of an event that is neither stored nor passed on. */
const shadowed: Verdict = { accepted: true };

const alreadyStored: Verdict = {
  accepted: true,
  reason: reason("duplicate", "this event is already stored"),
};

/** NIP-01 leaves the answer open; `false`, because the event is not and will not be kept. */
const superseded: Verdict = {
  accepted: false,
  reason: reason("duplicate", "a newer version is already stored"),
};

/** @see NIP-09, NIP-62 */
const deleted: Verdict = {
  accepted: false,
  reason: reason("blocked", "this event was deleted"),
};

const badSignature = refusedBy(BAD_SIGNATURE);

function refusedBy({ refusal, isForged }: Refusal): Verdict {
  return { accepted: false, reason: refusal, ...isForged && { isForged } };
}

function refused(reason: Reason): Verdict {
  return { accepted: false, reason };
}
