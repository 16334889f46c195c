/**
 * Runs one connection: a loop that handles whichever of its sources is ready first.
 *
 * The loop never waits for signatures, commits or queries. They run outside it and deliver their
 * results as sources of their own, so a CLOSE is handled while a query runs, and a ping is answered
 * while a batch is written. Each source is bounded; see the fields.
 *
 * @module
 */

import type { Source } from "../base/fair_queue.ts";
import { Inbox } from "../base/inbox.ts";
import { Latch } from "../base/latch.ts";
import { select } from "../base/select.ts";
import { Ticker } from "../base/ticker.ts";
import { unreachable } from "../base/assert.ts";
import { parseClientMessage, UNKNOWN_VERB } from "../nostr/client_message.ts";
import { type Reason, reasonText } from "../nostr/reason.ts";
import { noticeMessage } from "../nostr/relay_message.ts";
import type { ConnectedClient } from "./access/client.ts";
import { GOING_AWAY, INTERNAL_ERROR, POLICY_VIOLATION, TRY_AGAIN_LATER } from "./close_codes.ts";
import { Authentication } from "./commands/auth.ts";
import {
  type Conversation,
  PendingMessages,
  type UnansweredRequest,
} from "./commands/conversation.ts";
import { CountQueue } from "./commands/count.ts";
import { Reconciliations } from "./commands/negentropy.ts";
import { Subscriptions } from "./commands/req.ts";
import { verbs } from "./commands/verbs.ts";
import type { RelayContext } from "./context.ts";
import type { CountedVerb } from "./counters.ts";
import type { FilterValueAccount } from "./filter_values.ts";
import type { Peer, PeerEvents, PeerMessage } from "./peer.ts";
import { countVerb, zeroTally } from "./session_tally.ts";

/**
 * When the ticker is later than this, milliseconds, the process was blocked, and the peer's silence
 * means nothing.
 */
const MAX_LATE_MS = 1_000;

/** Numbers the connections that do not count towards a client. */
let connectionCount = 0;

/** Estimated memory of one filter value, in the filter and in the index of live filters. */
const FILTER_VALUE_BYTES = 100;

/**
 * How long messages of one slice are handled in a row, milliseconds. What memory answers is there at once, and
 * takes up to two of them.
 */
const SLICE_MS = 4;

/** Longer reasons, which only plugins give, are not kept for the log. */
const MAX_TOLD_LENGTH = 200;

/** The relay's side of one connection, from upgrade to close. */
export class Session implements PeerEvents, Conversation {
  readonly peer: Peer;
  readonly client: ConnectedClient;
  readonly context: RelayContext;
  readonly source: Source;
  readonly filterValues: FilterValueAccount;
  readonly heldEvents: FilterValueAccount;
  readonly answers: Inbox<"answers", string>;
  readonly pending = new PendingMessages();
  readonly subscriptions: Subscriptions;
  readonly authentication: Authentication;
  readonly tally = zeroTally();
  #counts: CountQueue | undefined = undefined;
  #reconciliations: Reconciliations | undefined = undefined;
  /** Tripped by {@link Session.shutdown}. */
  readonly #shutdown = new Latch("shutdown");
  /** Tripped when the connection has ended; the only way out of the loop. */
  readonly #ended = new Latch("ended");
  readonly #ping: Ticker<"ping">;
  /** Received messages. While too much is pending they are held and the socket is paused. */
  readonly #frames: Inbox<"frames", readonly PeerMessage[]>;
  #isReading = true;
  /** When the peer was last heard or reading resumed, whichever is later; monotonic. */
  #listeningSinceMs: number;
  /** When the ticker last ticked, on the monotonic clock. */
  #lastTickMs: number;
  /** Since when too many bytes have been queued for the peer; undefined when they are not. */
  #congestedSinceMs: number | undefined = undefined;
  /** Messages that were taken wait for another turn. */
  #waitsForTurn = false;
  /** Set when this side starts closing. From then on only `ended` matters. */
  #isClosing = false;
  /** Until the policies have admitted the client, nothing is read from it. */
  #isAdmitted = false;

  constructor(peer: Peer, client: ConnectedClient, context: RelayContext) {
    const { limits } = context;
    this.peer = peer;
    this.client = client;
    this.context = context;
    this.#listeningSinceMs = context.clock.monotonicMs();
    this.#lastTickMs = this.#listeningSinceMs;
    this.#ping = new Ticker("ping", context.clock, limits.pingIntervalMs);
    const { network } = client;
    // Without a network each connection takes turns of its own.
    this.source = { client: network ?? `${peer.address} ${connectionCount++}`, connection: this };
    this.filterValues = context.filterValues.open(network);
    this.heldEvents = context.heldEvents.open(network);
    this.answers = new Inbox("answers", Number.MAX_SAFE_INTEGER);
    this.subscriptions = new Subscriptions(this, () => this.#aheadBytes);
    this.authentication = new Authentication(context);
    this.#frames = new Inbox("frames", Number.MAX_SAFE_INTEGER);
  }

  /** Created on first use: most connections never send COUNT. */
  get counts(): CountQueue {
    return this.#counts ??= new CountQueue(this);
  }

  /** Created on first use: most connections never reconcile. */
  get reconciliations(): Reconciliations {
    return this.#reconciliations ??= new Reconciliations(this);
  }

  get subscriptionCount(): number {
    return this.subscriptions.size;
  }

  /** See {@link ConnectedSession.unanswered}. */
  *unanswered(): Generator<UnansweredRequest> {
    for (const { id, filters, startMs } of this.subscriptions.unanswered()) {
      yield { verb: "REQ", id, filters, startMs };
    }
    const counted = this.#counts?.unanswered;
    if (counted !== undefined) yield counted;
  }

  /** Whether more is queued for the peer than it may have at once, so that its queries wait for it. */
  get isCongested(): boolean {
    return this.#congestedSinceMs !== undefined;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Runs until the connection has ended. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#welcome();
      for (;;) {
        const signal = await select(
          this.#ended,
          this.#shutdown,
          this.#ping,
          this.answers,
          this.subscriptions.live,
          this.subscriptions.queries.results,
          this.#frames,
        );
        switch (signal.from) {
          case "ended":
            return;
          case "shutdown":
            // #balance closes once everything is answered.
            break;
          case "ping":
            this.#onTick();
            break;
          case "answers":
            for (const answer of signal.value) this.peer.send(answer);
            break;
          case "live":
            this.subscriptions.sendLive(signal.value);
            break;
          case "stored":
            // Live events queued so far have to be held before the rows are examined; see
            // subscription.ts.
            this.subscriptions.sendLive(this.subscriptions.live.take());
            for (const { result, taken } of signal.value) {
              this.subscriptions.take(result);
              taken();
            }
            break;
          case "frames":
            this.#handle(signal.value.flat());
            break;
          default:
            unreachable(signal);
        }
        this.#balance();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#release();
    }
  }

  /** Only a broken invariant gets here. It ends this session and no other. */
  readonly #fail = (error: unknown): void => {
    this.context.log.error("session failed", { address: this.peer.address, error: String(error) });
    this.peer.close(INTERNAL_ERROR, "internal error");
  };

  /** Answers the messages received so far, then closes with 1001. */
  shutdown(): void {
    this.#shutdown.trip();
  }

  /** Estimate of the memory held for the connection, bytes. */
  get heldBytes(): number {
    const values = this.filterValues.taken * FILTER_VALUE_BYTES;
    return this.peer.queuedBytes + this.pending.bytes + values + 1024 * this.heldEvents.taken;
  }

  /** Closes the connection for lack of memory. */
  drop(): void {
    this.#close(TRY_AGAIN_LATER, "the relay is short of memory", "shed");
  }

  /**
   * Pings at the interval of now. The point within the interval stays, so that connections which are
   * pinged at different times are not all pinged at once afterwards.
   */
  changePingInterval(): void {
    if (this.#isClosing) return;
    const { clock, limits: { pingIntervalMs } } = this.context;
    const nowMs = clock.monotonicMs();
    const firstMs = pingIntervalMs - (nowMs - this.#lastTickMs) % pingIntervalMs;
    this.#lastTickMs = nowMs + firstMs - pingIntervalMs;
    this.#ping.restart(firstMs, pingIntervalMs);
  }

  /** Closes the subscriptions and reconciliations, whose client may read no longer. */
  endReading(why: Reason): void {
    if (this.#isClosing) return;
    this.subscriptions.refuseAll(why);
    this.#reconciliations?.refuseAll(why);
  }

  messages(batch: readonly PeerMessage[]): void {
    this.#frames.push(batch);
    if (!this.#isAdmitted) this.peer.pause();
  }

  drained(): void {
    this.#congestedSinceMs = undefined;
    this.subscriptions.queries.release();
    this.#balance();
  }

  closed(): void {
    this.#ended.trip();
  }

  /** Sends the challenge and asks the policies whether the client may connect. */
  #welcome(): void {
    const { access, limits } = this.context;
    if (this.#isClosing) return;
    if (limits.challengeOnConnect) this.peer.send(this.authentication.greeting());
    const decided = access.connect(this.client);
    if (!(decided instanceof Promise)) return this.#admit(decided);
    this.#balance();
    void decided.then((refusal) => {
      this.#admit(refusal);
      this.#balance();
    });
  }

  #admit(refusal: Reason | undefined): void {
    if (refusal === undefined) this.#isAdmitted = true;
    else {
      this.peer.send(noticeMessage(reasonText(refusal)));
      this.#close(POLICY_VIOLATION, reasonText(refusal));
    }
  }

  /** Pings the peer, or closes the connection when it was silent or congested for too long. */
  #onTick(): void {
    const nowMs = this.context.clock.monotonicMs();
    const { idleTimeoutMs, pingIntervalMs } = this.context.limits;
    const lateMs = nowMs - this.#lastTickMs - pingIntervalMs;
    this.#lastTickMs = nowMs;
    // The process was blocked: what the peer sent meanwhile has not been read yet.
    if (lateMs > MAX_LATE_MS) return this.peer.ping();
    if (nowMs - (this.#congestedSinceMs ?? nowMs) >= idleTimeoutMs) return this.shed();
    // Silence counts only while the session reads.
    const heardMs = Math.max(this.peer.lastHeardMs, this.#listeningSinceMs);
    if (!this.#isReading || nowMs - heardMs < idleTimeoutMs) return this.peer.ping();
    this.context.counters.closedIdle++;
    this.context.log.debug("peer is silent", { address: this.peer.address });
    this.#close(POLICY_VIOLATION, "nothing heard for too long");
  }

  noteRefusal(why: Reason | undefined, author?: string): void {
    this.tally.refused++;
    const { address, network = address, keys } = this.client;
    const [key] = author === undefined ? keys : [author];
    const told = why && why.text.length <= MAX_TOLD_LENGTH ? why.text : undefined;
    this.context.refusals?.note({ address: network, key, why: why?.prefix ?? "error", told });
  }

  /** Handles messages as far as its time goes; the rest has another turn. */
  #handle(messages: readonly PeerMessage[]): void {
    const { context: { clock, turn }, source } = this;
    const startMs = clock.monotonicMs();
    for (const [at, message] of messages.entries()) {
      this.#receive(message);
      const isLast = at === messages.length - 1;
      if (isLast || clock.monotonicMs() - startMs < SLICE_MS) continue;
      this.#waitsForTurn = true;
      return void turn(source).then(() => {
        this.#waitsForTurn = false;
        this.#handle(messages.slice(at + 1));
        this.#balance();
      }).catch(this.#fail);
    }
  }

  #receive(message: PeerMessage): void {
    if (this.#isClosing) return;
    this.tally.messages++;
    if (message.type === "binary") {
      return this.peer.send(noticeMessage("binary messages are not understood, send text"));
    }
    const parsed = parseClientMessage(message.text);
    if ("notice" in parsed) return this.peer.send(noticeMessage(parsed.notice));
    const verb = verbs.get(parsed.verb);
    if (verb === undefined) this.peer.send(noticeMessage(UNKNOWN_VERB.notice));
    else {
      this.context.counters.messages[parsed.verb as CountedVerb]++;
      countVerb(this.tally, parsed.verb);
      verb(this, parsed, message.text.length);
    }
  }

  /**
   * Bytes that may be queued for the peer before its queries pause: enough to send when it has read
   * on, and little for a peer that has not shown to read.
   */
  get #aheadBytes(): number {
    return Math.min(this.context.limits.highWaterBytes, 2 * this.peer.windowBytes);
  }

  /** Pauses queries or reading under load, in either direction, and closes after shutdown. */
  #balance(): void {
    if (this.#isClosing) return;
    const { limits, clock } = this.context;
    const isCongested = this.peer.queuedBytes > this.#aheadBytes;
    if (isCongested) {
      this.#congestedSinceMs ??= clock.monotonicMs();
      this.subscriptions.queries.hold();
      // Half of the limit: at the limit itself the queries would pause again at once.
      this.peer.requestDrained(this.#aheadBytes / 2);
    }
    // Received messages are answered before the connection closes.
    const isAnswered = this.pending.count === 0 && this.answers.length === 0 &&
      !this.#waitsForTurn;
    if (this.#shutdown.tripped && isAnswered) {
      return this.#close(GOING_AWAY, "the relay is shutting down");
    }
    const mayRead = !isCongested && !this.#shutdown.tripped && this.#isAdmitted &&
      !this.#waitsForTurn &&
      this.pending.count < limits.maxPendingEvents &&
      this.pending.bytes < limits.maxPendingBytes;
    if (mayRead !== this.#isReading) this.#setReading(mayRead);
  }

  #setReading(mayRead: boolean): void {
    this.#isReading = mayRead;
    if (mayRead) {
      this.#listeningSinceMs = this.context.clock.monotonicMs();
      this.#frames.release();
      this.peer.resume();
    } else {
      this.#frames.hold();
      this.peer.pause();
    }
  }

  shed(): void {
    if (this.#isClosing) return;
    this.context.counters.closedSlow++;
    this.context.log.debug("peer reads too slowly", { address: this.peer.address });
    this.#close(POLICY_VIOLATION, "events arrive faster than you read them", "shed");
  }

  #close(code: number, why: string, how: "close" | "shed" = "close"): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.peer[how](code, why);
    // Reading resumes for the peer's close frame. Its messages are ignored.
    this.peer.resume();
    this.#endSubscriptions();
  }

  #endSubscriptions(): void {
    this.subscriptions.endAll();
    this.#counts?.drop();
    this.#reconciliations?.endAll();
  }

  #release(): void {
    this.#isClosing = true;
    this.#ping.stop();
    this.#endSubscriptions();
    this.context.onSessionEnded(this);
  }
}
