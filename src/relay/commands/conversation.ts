/**
 * What the commands of one connection share.
 *
 * @module
 */

import type { Source } from "../../base/fair_queue.ts";
import type { Inbox } from "../../base/inbox.ts";
import type { ClientMessage } from "../../nostr/client_message.ts";
import type { Reason } from "../../nostr/reason.ts";
import type { ConnectedClient } from "../access/client.ts";
import type { RelayContext } from "../context.ts";
import type { FilterValueAccount } from "../filter_values.ts";
import type { Peer } from "../peer.ts";
import type { Authentication } from "./auth.ts";
import type { CountQueue } from "./count.ts";
import type { Reconciliations } from "./negentropy.ts";
import type { Subscriptions } from "./req.ts";

/** One connection, as its commands see it. */
export interface Conversation {
  readonly context: RelayContext;
  readonly peer: Peer;
  readonly client: ConnectedClient;
  /** Whom its work is done for, where turns are taken. */
  readonly source: Source;
  /** What its filters hold of the values that all connections share. */
  readonly filterValues: FilterValueAccount;
  /** Messages that answer what took its time: the session sends them. */
  readonly answers: Inbox<"answers", string>;
  readonly pending: PendingMessages;
  readonly subscriptions: Subscriptions;
  readonly counts: CountQueue;
  readonly reconciliations: Reconciliations;
  readonly authentication: Authentication;
  /** From the moment this side closes: nothing is sent any more. */
  readonly isClosing: boolean;
  /** Ends the connection of a client that reads too slowly. */
  shed(): void;
}

/** Does what one message asks for, or says why not. It must not wait. */
export type Verb = (
  conversation: Conversation,
  message: ClientMessage,
  messageBytes: number,
) => void;

/** Messages between arrival and answer. The session reads no further while there are too many. */
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

/** Whether a refusal asks the client for AUTH. */
export function asksForAuth(why: Reason | undefined): boolean {
  return why?.prefix === "auth-required";
}
