/**
 * A policy decides who may do what.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { Reason } from "../../nostr/reason.ts";
import type { Client } from "./client.ts";

/** Who brings an event: a client, an operator's file, another relay, or this relay itself. */
export type Origin = "socket" | "import" | "sync" | "relay";

/** An event that is to be taken. */
export interface Submission {
  /** The event, whose id has been checked. */
  readonly event: NostrEvent;
  /** Length of the event's canonical JSON, bytes. */
  readonly jsonBytes: number;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
  /** Who brings it. */
  readonly origin: Origin;
  /** Whoever sent it; undefined where no client did. */
  readonly client?: Client | undefined;
}

/** A request for stored events. */
export interface Inquiry {
  /** What is asked. */
  readonly verb: "REQ" | "COUNT" | "NEG-OPEN";
  /** What is asked for, as parsed values. */
  readonly filters: readonly ReqFilter[];
  /** Who asks. */
  readonly client: Client;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
}

/** A value, or the promise of one. */
export type Awaitable<T> = T | Promise<T>;

/**
 * What a policy decides about an event: undefined to let it pass; a reason to refuse it; `shadow` to
 * answer OK and to store and tell nothing. `auth-required` as the reason's prefix asks the client for AUTH.
 */
export type EventDecision = Reason | "shadow" | undefined;

/** What a policy decides about a request: undefined to let it pass, a reason to refuse it, or narrower filters. */
export type RequestDecision = Reason | readonly ReqFilter[] | undefined;

/** What a policy adds to the relay information document. */
export interface PolicyInformation {
  /** NIPs that it makes true. */
  readonly supportedNips?: readonly number[];
  /** Leading zero bits of an id. @see NIP-13 */
  readonly minPowDifficulty?: number;
  /** Nothing works before AUTH. */
  readonly authRequired?: boolean;
  /** Some condition decides who may publish, or what. */
  readonly restrictedWrites?: boolean;
}

/**
 * One rule of the relay. All hooks are optional. They are asked in the order in which the policies stand;
 * the first refusal is the answer. A hook that throws, or takes too long, refuses with `error:`.
 */
export interface Policy {
  /** For the log. */
  readonly name: string;
  /** What it adds to the relay information document. */
  readonly information?: PolicyInformation;
  /** How long it may take for one decision, milliseconds. Default: what the settings say. */
  readonly timeoutMs?: number;
  /** Asked when a client has connected, before anything of it is read. A refusal ends the connection. */
  readonly connect?: (client: Client) => Awaitable<Reason | undefined>;
  /**
   * Asked about each event before its signature is checked, so that what is refused here costs nearly
   * nothing. It must not wait, and can believe of the event only what its id vouches for.
   */
  readonly screen?: (submission: Submission) => Reason | undefined;
  /** Asked about each event that is signed and not known yet, before it is stored or passed on. */
  readonly event?: (submission: Submission) => Awaitable<EventDecision>;
  /** Asked about each REQ and COUNT. */
  readonly request?: (inquiry: Inquiry) => Awaitable<RequestDecision>;
  /**
   * Asked about each event that is sent to a client, stored or live. It must not wait. Each stored event
   * has to be parsed for it; COUNT does not ask it.
   */
  readonly deliver?: (event: NostrEvent, client: Client) => boolean;
}
