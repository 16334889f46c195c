/**
 * Checks an event's id and applies the policies that need no signature; EVENT and import share it.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { eventId, type HashText } from "../../nostr/event_id.ts";
import { escapedParts, eventJson } from "../../nostr/event_json.ts";
import { kindClass } from "../../nostr/kind.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import type { EventRecord } from "../../store/event_store.ts";
import type { Access } from "../access/access.ts";
import type { Submission } from "../access/policy.ts";

/** Options of {@link check}. */
export interface CheckOptions extends Pick<Submission, "origin" | "client" | "from"> {
  readonly access: Pick<Access, "screen">;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
  /** See {@link EventRecord.arrivedMs}. */
  readonly arrivedMs?: number | undefined;
  /** Default: {@link portableHashText}. */
  readonly hashText?: HashText | undefined;
}

/** An event whose signature is to be checked, as stored and as policies take it; or its refusal. */
export type Checked =
  | { readonly record: EventRecord; readonly submission: Submission }
  | Refusal;

/** Why an event is refused. */
export interface Refusal {
  readonly refusal: Reason;
  /**
   * Whether finding out took a hash or a signature check, which a sender can provoke at no cost.
   */
  readonly isForged?: boolean;
}

/** The refusal of an event whose signature is invalid. */
export const BAD_SIGNATURE: Refusal = {
  refusal: reason("invalid", "signature does not fit the author and the id"),
  isForged: true,
};

/**
 * Checks an event's id and asks the policies' `screen` hooks. The signature is checked by the
 * caller. The record's JSON is encoded here, once.
 *
 * @see NIP-01 "Events and signatures"
 */
export function check(event: NostrEvent, options: CheckOptions): Checked {
  const { origin, client, from, access, nowMs, hashText } = options;
  // Ephemeral events are only forwarded to open subscriptions. Imported ones have no such audience.
  if (origin !== "socket" && origin !== "relay" && kindClass(event.kind) === "ephemeral") {
    return { refusal: reason("invalid", "ephemeral events are not stored") };
  }
  const parts = escapedParts(event);
  if (eventId(event, { hashText, parts }) !== event.id) {
    return { refusal: reason("invalid", "id is not the hash of the event"), isForged: true };
  }
  const json = utf8(eventJson(event, parts));
  const submission = { event, jsonBytes: json.length, nowMs, origin, client, from };
  const refusal = access.screen(submission);
  if (refusal !== undefined) return { refusal };
  const { arrivedMs } = options;
  return { record: { event, json, ...arrivedMs !== undefined && { arrivedMs } }, submission };
}
