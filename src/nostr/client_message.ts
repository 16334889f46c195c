/**
 * Parses the messages of clients.
 *
 * Where the NIPs are silent: numbers must be written as integers ({@link parseJson}), the last of
 * duplicate keys counts, and additional elements are ignored.
 *
 * @see NIP-01 "From client to relay"
 * @module
 */

import type { NostrEvent } from "./event.ts";
import type { ReqFilter } from "./filter.ts";
import { parseJson } from "./json.ts";
import { parseEvent } from "./parse_event.ts";
import { type FilterLimits, parseFilter } from "./parse_filter.ts";
import { type Reason, reason } from "./reason.ts";

/** Limits on one message. Its length is limited by the transport. */
interface MessageLimits extends FilterLimits {
  /** Filters of one REQ. */
  readonly maxFilters: number;
  /** Longest subscription id, Unicode code points. */
  readonly maxSubscriptionIdLength: number;
}

/** A message split into elements; `parts` includes the verb. */
export interface ClientMessage {
  readonly verb: string;
  readonly parts: readonly unknown[];
}

/** Why a message is malformed. The answer is NOTICE, because there is no id to refer to. */
interface MalformedMessage {
  readonly notice: string;
}

/** Longest subscription id that a refusal repeats, UTF-16 units. */
export const MAX_ECHOED_SUBSCRIPTION = 1_024;

/**
 * Parses a message up to its verb.
 *
 * @see NIP-01 "From client to relay"
 */
export function parseClientMessage(text: string): ClientMessage | MalformedMessage {
  const value = parseJson(text);
  if (value === undefined) return { notice: "the message is not JSON" };
  if (!Array.isArray(value)) return { notice: "a message is a JSON array" };
  const parts: readonly unknown[] = value;
  const [verb] = parts;
  return typeof verb === "string" ? { verb, parts } : UNKNOWN_VERB;
}

/** The answer to an unknown verb. */
export const UNKNOWN_VERB: MalformedMessage = {
  notice: "a message begins with EVENT, REQ, CLOSE, COUNT, AUTH, NEG-OPEN, NEG-MSG or NEG-CLOSE",
};

/** An invalid event. The answer is OK false for `id`, which is what the client wrote. */
interface RefusedEvent {
  readonly id: string;
  readonly reason: Reason;
}

/**
 * Parses the event of an EVENT or AUTH.
 *
 * @see NIP-01, NIP-42
 */
export function parseEventMessage(
  { verb, parts }: ClientMessage,
): { readonly event: NostrEvent } | RefusedEvent | MalformedMessage {
  const event = parseEvent(parts[1]);
  if (!("reason" in event)) return { event };
  const { id, reason } = event;
  return id === undefined
    ? { notice: `${verb} without a readable id: ${reason.text}` }
    : { id, reason };
}

/** The id and the filters of a REQ or COUNT. */
interface RequestMessage {
  readonly id: string;
  readonly filters: readonly ReqFilter[];
}

/** An invalid request. The answer is CLOSED for `id`, which is what the client wrote. */
interface RefusedRequest {
  readonly id: string;
  readonly reason: Reason;
}

/**
 * Parses the id and the filters of a REQ or COUNT.
 *
 * @see NIP-01, NIP-45
 */
export function parseRequest(
  { verb, parts }: ClientMessage,
  limits: MessageLimits,
): RequestMessage | RefusedRequest | MalformedMessage {
  const id = parts[1];
  if (typeof id !== "string" || id.length > MAX_ECHOED_SUBSCRIPTION) {
    return { notice: `${verb} without a readable subscription id` };
  }
  if (!isSubscriptionId(id, limits)) return { id, reason: BAD_ID };
  if (parts.length < 3) return { id, reason: reason("invalid", `${verb} without a filter`) };
  if (parts.length - 2 > limits.maxFilters) {
    const tooMany = `${verb} with more than ${limits.maxFilters} filters`;
    return { id, reason: reason("invalid", tooMany) };
  }
  const filters: ReqFilter[] = [];
  for (let i = 2; i < parts.length; i++) {
    const filter = parseFilter(parts[i], limits);
    if ("prefix" in filter) return { id, reason: filter };
    filters.push(filter);
  }
  return { id, filters };
}

/**
 * Parses the id of a CLOSE: any string, because closing an unknown subscription has no effect.
 *
 * @see NIP-01
 */
export function parseClose({ parts }: ClientMessage): { readonly id: string } | MalformedMessage {
  const id = parts[1];
  return typeof id === "string" ? { id } : { notice: "CLOSE without a subscription id" };
}

/** "a non-empty string of max length 64 chars", counted in code points. */
function isSubscriptionId(text: string, { maxSubscriptionIdLength }: MessageLimits): boolean {
  if (text.length === 0 || !text.isWellFormed()) return false;
  return text.length <= maxSubscriptionIdLength || [...text].length <= maxSubscriptionIdLength;
}

const BAD_ID = reason("invalid", "subscription id is empty, too long or not well-formed");
