/**
 * One connection: one loop that waits for whatever comes first.
 *
 * Nothing the loop awaits takes long. Signatures, commits and queries run outside it and come back as
 * signals of their own, so a CLOSE is read while a query runs and a ping is answered while a batch is
 * written. What comes back is bounded, each in its own way: see the fields.
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
import { type Conversation, PendingMessages } from "./commands/conversation.ts";
import { CountQueue } from "./commands/count.ts";
import { Reconciliations } from "./commands/negentropy.ts";
import { Subscriptions } from "./commands/req.ts";
import { verbs } from "./commands/verbs.ts";
import type { RelayContext } from "./context.ts";
import type { CountedVerb } from "./counters.ts";
import type { FilterValueAccount } from "./filter_values.ts";
import type { Peer, PeerEvents, PeerMessage } from "./peer.ts";

/** A ticker that is later than this, milliseconds, says nothing about the peer's silence. */
const MAX_LATE_MS = 1_000;

/** Numbers the connections of clients that are not counted together. */
let connectionCount = 0;

/** What one value of a filter takes, with its places in the filter and in the index of live filters. */
const FILTER_VALUE_BYTES = 100;

/**
 * The relay's side of one connection, from upgrade to close.
 */
export class Session implements PeerEvents, Conversation {
  readonly peer: Peer;
  readonly client: ConnectedClient;
  readonly context: RelayContext;
  readonly source: Source;
  readonly filterValues: FilterValueAccount;
  readonly answers: Inbox<"answers", string>;
  readonly pending = new PendingMessages();
  readonly subscriptions: Subscriptions;
  readonly authentication: Authentication;
  #counts: CountQueue | undefined = undefined;
  #reconciliations: Reconciliations | undefined = undefined;
  /** Trips when the relay goes away. */
  readonly #shutdown = new Latch("shutdown");
  /** Trips when the connection is over; the loop's only way out. */
  readonly #ended = new Latch("ended");
  readonly #ping: Ticker<"ping">;
  /** What the peer said; held, and its socket paused, while it has too much pending. */
  readonly #frames: Inbox<"frames", readonly PeerMessage[]>;
  #isReading = true;
  /** Since when the peer has been heard or listened to, whichever is later; monotonic. */
  #listeningSinceMs: number;
  /** When the ticker ticked last, on the monotonic clock. */
  #lastBeatMs: number;
  /** Since when the peer has had more on its way than it should; undefined while it has not. */
  #congestedSinceMs: number | undefined = undefined;
  /** From the moment this side closes, only `ended` is waited for. */
  #isClosing = false;
  /** While a policy decides whether the client may stay, nothing of it is read. */
  #isAdmitted = false;

  constructor(peer: Peer, client: ConnectedClient, context: RelayContext) {
    const { limits } = context;
    this.peer = peer;
    this.client = client;
    this.context = context;
    this.#listeningSinceMs = context.clock.monotonicMs();
    this.#lastBeatMs = this.#listeningSinceMs;
    this.#ping = new Ticker("ping", context.clock, limits.pingIntervalMs);
    const name = context.clientOf(peer.address);
    // Who is counted one by one has turns of its own for each connection.
    this.source = { client: name ?? `${peer.address} ${connectionCount++}`, connection: this };
    this.filterValues = context.filterValues.open(name);
    this.answers = new Inbox("answers", Number.MAX_SAFE_INTEGER);
    this.subscriptions = new Subscriptions(this, () => this.#aheadBytes);
    this.authentication = new Authentication(context);
    this.#frames = new Inbox("frames", Number.MAX_SAFE_INTEGER);
  }

  /** Made for those who count. */
  get counts(): CountQueue {
    return this.#counts ??= new CountQueue(this);
  }

  /** Made for those who reconcile. */
  get reconciliations(): Reconciliations {
    return this.#reconciliations ??= new Reconciliations(this);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Runs until the connection is over. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#welcome();
      await this.#loop();
    } catch (error) {
      // Only a broken invariant of ours comes here: this session ends, the others go on.
      this.context.log.error("session failed", { peer: this.peer.address, error: String(error) });
      this.peer.close(INTERNAL_ERROR, "internal error");
    } finally {
      this.#release();
    }
  }

  /** Asks the session to end: what was received is answered first, then the peer is told 1001. */
  shutdown(): void {
    this.#shutdown.trip();
  }

  /** What the process keeps for it, bytes, about. */
  get heldBytes(): number {
    const values = this.filterValues.taken * FILTER_VALUE_BYTES;
    return this.peer.queuedBytes + this.pending.bytes + values;
  }

  /** Ends it, because there is too little memory for it. */
  drop(): void {
    this.#close(TRY_AGAIN_LATER, "the relay is short of memory", "shed");
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

  async #loop(): Promise<void> {
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
          // See #balance.
          break;
        case "ping":
          this.#beat();
          break;
        case "answers":
          for (const answer of signal.value) this.peer.send(answer);
          break;
        case "live":
          this.subscriptions.sendLive(signal.value);
          break;
        case "stored":
          // What was told by now must be known to have been told, see subscription.ts.
          this.subscriptions.sendLive(this.subscriptions.live.take());
          for (const { result, taken } of signal.value) {
            this.subscriptions.take(result);
            taken();
          }
          break;
        case "frames":
          for (const batch of signal.value) {
            for (const message of batch) this.#receive(message);
          }
          break;
        default:
          unreachable(signal);
      }
      this.#balance();
    }
  }

  /** Asks the policies about the client, and greets it. */
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

  #beat(): void {
    const nowMs = this.context.clock.monotonicMs();
    const { idleTimeoutMs, pingIntervalMs } = this.context.limits;
    const lateMs = nowMs - this.#lastBeatMs - pingIntervalMs;
    this.#lastBeatMs = nowMs;
    // The process stood still: what the peer has sent meanwhile is still to be read.
    if (lateMs > MAX_LATE_MS) return this.peer.ping();
    if (nowMs - (this.#congestedSinceMs ?? nowMs) >= idleTimeoutMs) return this.shed();
    // Silence counts only while this side listens.
    const heardMs = Math.max(this.peer.lastHeardMs, this.#listeningSinceMs);
    if (!this.#isReading || nowMs - heardMs < idleTimeoutMs) return this.peer.ping();
    this.context.counters.closedIdle++;
    this.context.log.debug("peer is silent", { peer: this.peer.address });
    this.#close(POLICY_VIOLATION, "nothing heard for too long");
  }

  #receive(message: PeerMessage): void {
    if (this.#isClosing) return;
    if (message.type === "binary") {
      return this.peer.send(noticeMessage("binary messages are not understood, send text"));
    }
    const parsed = parseClientMessage(message.text);
    if ("notice" in parsed) return this.peer.send(noticeMessage(parsed.notice));
    const verb = verbs.get(parsed.verb);
    if (verb === undefined) this.peer.send(noticeMessage(UNKNOWN_VERB.notice));
    else {
      this.context.counters.messages[parsed.verb as CountedVerb]++;
      verb(this, parsed, message.text.length);
    }
  }

  /**
   * How much may wait for the peer before its queries read no further: enough that there is something to
   * send when it shows that it has read, and little for one that has not shown it yet.
   */
  get #aheadBytes(): number {
    return Math.min(this.context.limits.highWaterBytes, 2 * this.peer.windowBytes);
  }

  /** Holds back what can wait while there is too much on its way, in either direction. */
  #balance(): void {
    if (this.#isClosing) return;
    const { limits, clock } = this.context;
    const isCongested = this.peer.queuedBytes > this.#aheadBytes;
    if (isCongested) {
      this.#congestedSinceMs ??= clock.monotonicMs();
      this.subscriptions.queries.hold();
      // Below the mark by half, or it would be told at once and find itself above again.
      this.peer.requestDrained(this.#aheadBytes / 2);
    }
    // What was received is answered before the connection ends.
    if (this.#shutdown.tripped && this.pending.count === 0 && this.answers.length === 0) {
      return this.#close(GOING_AWAY, "the relay is shutting down");
    }
    const mayRead = !isCongested && !this.#shutdown.tripped && this.#isAdmitted &&
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
    this.context.log.debug("peer reads too slowly", { peer: this.peer.address });
    this.#close(POLICY_VIOLATION, "events arrive faster than you read them", "shed");
  }

  #close(code: number, why: string, how: "close" | "shed" = "close"): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.peer[how](code, why);
    // The closing handshake needs the peer's frames read; what they say no longer matters.
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
  }
}
