/**
 * What the commands of a connection work with.
 *
 * @module
 */

import type { Source } from "../../base/fair_queue.ts";
import type { Inbox } from "../../base/inbox.ts";
import type { ClientMessage } from "../../nostr/client_message.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { Reason } from "../../nostr/reason.ts";
import type { ConnectedClient } from "../access/client.ts";
import type { RelayContext } from "../context.ts";
import type { FilterValueAccount } from "../filter_values.ts";
import type { Peer } from "../peer.ts";
import type { AskedQuery, QueryTimer } from "../slow_query_log.ts";
import type { SessionTally } from "../session_tally.ts";
import type { Authentication } from "./auth.ts";
import type { CountQueue } from "./count.ts";
import type { Reconciliations } from "./negentropy.ts";
import type { Subscriptions } from "./req.ts";

/** A connection, as its commands see it. */
export interface Conversation {
  readonly context: RelayContext;
  readonly peer: Peer;
  readonly client: ConnectedClient;
  /** Its key in the fair queues. */
  readonly source: Source;
  /** The filter values that it holds. */
  readonly filterValues: FilterValueAccount;
  /** The memory of the live events that its subscriptions hold until EOSE, KiB. */
  readonly heldEvents: FilterValueAccount;
  /** Replies to messages that were handled asynchronously. The session sends them. */
  readonly answers: Inbox<"answers", string>;
  readonly pending: PendingMessages;
  readonly subscriptions: Subscriptions;
  readonly counts: CountQueue;
  readonly reconciliations: Reconciliations;
  readonly authentication: Authentication;
  /** What the connection did so far. */
  readonly tally: SessionTally;
  /**
   * Counts a refused event or request for the log.
   *
   * @param author of the event. Default: a key that the client has authenticated
   */
  noteRefusal(why: Reason | undefined, author?: string): void;
  /** Set when this side starts closing: nothing more is sent. */
  readonly isClosing: boolean;
  /** Closes the connection as too slow. */
  shed(): void;
}

/** A request that its client has no whole answer to yet. */
export interface UnansweredRequest {
  readonly verb: "REQ" | "COUNT";
  readonly id: string;
  readonly filters: readonly ReqFilter[];
  /** When it came, monotonic, milliseconds. */
  readonly startMs: number;
}

/** Handles one message. Must not wait. */
export type Verb = (
  conversation: Conversation,
  message: ClientMessage,
  messageBytes: number,
) => void;

/** Counts messages between arrival and reply. At the limit the session stops reading. */
export class PendingMessages {
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  begin(bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
  }

  end(bytes: number): void {
    this.#count--;
    this.#bytes -= bytes;
  }
}

/** Charges a message that a rate has refused, so that a client that goes on is slowed down. */
export function chargeIfLimited(
  { peer, context: { limits } }: Pick<Conversation, "peer" | "context">,
  why: Reason | undefined,
): void {
  if (why?.prefix === "rate-limited") peer.charge(limits.rateLimitedCost);
}

/** Whether a refusal asks the client for AUTH. */
export function asksForAuth(why: Reason | undefined): boolean {
  return why?.prefix === "auth-required";
}

/** Starts measuring a query, for the log of slow ones. */
export function measured(
  { context, client }: Pick<Conversation, "context" | "client">,
  verb: AskedQuery["verb"],
  filters: readonly ReqFilter[],
): QueryTimer | undefined {
  return context.slowQueries?.begin({ verb, filters, address: client.address });
}
