/**
 * The interface by which policies decide who may connect, publish and read.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { Reason } from "../../nostr/reason.ts";
import type { Client } from "./client.ts";

/** Where an event comes from: a client, an imported file, another relay, or this relay itself. */
export type Origin = "socket" | "import" | "sync" | "relay";

/** An event to be decided on. */
export interface Submission {
  /** The event, whose id has been checked. */
  readonly event: NostrEvent;
  /** Length of the event's canonical JSON, bytes. */
  readonly jsonBytes: number;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
  /** Where the event comes from. */
  readonly origin: Origin;
  /** The client that sent it; undefined when it did not come from a client. */
  readonly client?: Client | undefined;
  /** The URL of the relay that it came from, for the origin `sync`. */
  readonly from?: string | undefined;
}

/** A request for stored events. */
export interface Inquiry {
  /** The command of the request. */
  readonly verb: "REQ" | "COUNT" | "NEG-OPEN";
  /** The filters of the request. */
  readonly filters: readonly ReqFilter[];
  /** The client that sent the request. */
  readonly client: Client;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
}

/** A value, or a promise of one. */
export type Awaitable<T> = T | Promise<T>;

/**
 * A policy's decision on an event: undefined accepts it, a reason refuses it, and `shadow` answers
 * OK true without storing or forwarding it. A reason with the prefix `auth-required` also asks the
 * client for AUTH.
 */
export type EventDecision = Reason | "shadow" | undefined;

/**
 * A policy's decision on a request: undefined accepts it, a reason refuses it, filters replace
 * those of the request.
 */
export type RequestDecision = Reason | readonly ReqFilter[] | undefined;

/** What a policy adds to the relay information document. */
export interface PolicyInformation {
  /** NIPs that the policy implements. */
  readonly supportedNips?: readonly number[];
  /** Least difficulty of an event, leading zero bits of its id. @see NIP-13 */
  readonly minPowDifficulty?: number;
  /** Clients have to authenticate before anything else. */
  readonly authRequired?: boolean;
  /** Not every client may publish, or not every event is accepted. */
  readonly restrictedWrites?: boolean;
}

/**
 * One rule of the relay. All hooks are optional. Policies are asked in order, and the first refusal
 * is the answer. A hook that throws or exceeds its time limit refuses with `error:`.
 */
export interface Policy {
  /** Names the policy in the log. */
  readonly name: string;
  /** What it adds to the relay information document. */
  readonly information?: PolicyInformation;
  /** Time limit of one decision, milliseconds. Default: the setting. */
  readonly timeoutMs?: number;
  /**
   * Asked when a client connects, before its messages are read. A refusal closes the connection.
   */
  readonly connect?: (client: Client) => Awaitable<Reason | undefined>;
  /**
   * Asked about each event before its signature check, so refusing here is cheap. Must not wait.
   * The id is checked, but the author is not yet authenticated.
   */
  readonly screen?: (submission: Submission) => Reason | undefined;
  /**
   * Asked about each event that is stored already and was sent again, after `screen`. Must not wait.
   */
  readonly repeat?: (submission: Submission) => Reason | undefined;
  /**
   * Asked about each event with a valid signature that is not known to be stored, before it is
   * stored or forwarded.
   */
  readonly event?: (submission: Submission) => Awaitable<EventDecision>;
  /**
   * Told of each event that the `event` hooks were asked about and that was not stored or forwarded
   * for the first time: it was before, a policy or a rate refused it, or writing failed. Whoever has
   * counted it may take that back. Must not wait.
   */
  readonly unstored?: (submission: Submission) => void;
  /**
   * Asked about each AUTH before its signature check, with the key that is claimed. Must not wait.
   */
  readonly authenticate?: (key: string, client: Client) => Reason | undefined;
  /** Asked about each REQ, COUNT and NEG-OPEN. */
  readonly request?: (inquiry: Inquiry) => Awaitable<RequestDecision>;
  /**
   * Asked about each event, stored or live, before it is sent to a client. Must not wait. Every
   * stored event has to be parsed for it. COUNT does not ask it.
   */
  readonly deliver?: (event: NostrEvent, client: Client) => boolean;
}
