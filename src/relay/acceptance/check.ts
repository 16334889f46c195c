/**
 * What every event is asked, whoever brings it.
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

/** What {@link check} needs besides the event. */
export interface CheckOptions extends Pick<Submission, "origin" | "client"> {
  readonly access: Pick<Access, "screen">;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
  /** Undefined for the built-in one. */
  readonly hashText?: HashText | undefined;
}

/** An event that may go on to its signature check, as a record and as policies see it; or why it may not. */
export type Checked =
  | { readonly record: EventRecord; readonly submission: Submission }
  | Refusal;

/** Why an event goes no further. */
export interface Refusal {
  readonly refusal: Reason;
  /** Whether it took a hash or a signature check to find out, which a sender can cause at no cost. */
  readonly isForged?: boolean;
}

/** The answer to an event whose signature does not hold. */
export const BAD_SIGNATURE: Refusal = {
  refusal: reason("invalid", "signature does not fit the author and the id"),
  isForged: true,
};

/**
 * Checks an event's id and what the policies say of it; the signature is left to whoever has an engine.
 * The record holds the event's JSON, which is encoded here once.
 *
 * @see NIP-01 "Events and signatures"
 */
export function check(event: NostrEvent, options: CheckOptions): Checked {
  const { origin, client, access, nowMs, hashText } = options;
  // An ephemeral event is passed on to who listens now; a file has nobody to pass it on to.
  if (origin !== "socket" && origin !== "relay" && kindClass(event.kind) === "ephemeral") {
    return { refusal: reason("invalid", "ephemeral events are not stored") };
  }
  const parts = escapedParts(event);
  if (eventId(event, { hashText, parts }) !== event.id) {
    return { refusal: reason("invalid", "id is not the hash of the event"), isForged: true };
  }
  const json = utf8(eventJson(event, parts));
  const submission = { event, jsonBytes: json.length, nowMs, origin, client };
  const refusal = access.screen(submission);
  return refusal === undefined ? { record: { event, json }, submission } : { refusal };
}
