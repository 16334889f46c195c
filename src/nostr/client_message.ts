/**
 * What a client says, from the text of one WebSocket message.
 *
 * @see NIP-01 "From client to relay"
 * @module
 */

import type { NostrEvent } from "./event.ts";
import type { ReqFilter } from "./filter.ts";
import { isJsonObject, parseJson } from "./json.ts";
import { MAX_ECHOED_ID, parseEvent } from "./parse_event.ts";
import { type FilterLimits, parseFilter } from "./parse_filter.ts";
import { type Reason, reason } from "./reason.ts";

/** How much one message may ask for. Its length is the transport's to bound. */
export interface MessageLimits extends FilterLimits {
  /** Filters of one REQ. */
  readonly maxFilters: number;
  /** Longest subscription id, Unicode code points. */
  readonly maxSubscriptionIdLength: number;
  /** How many stored events a COUNT may look at. Default: 0, and COUNT is not understood. */
  readonly maxCountRows?: number;
}

/**
 * A client's message, or why it is none. Refusals are told apart by what the answer must carry for the
 * client to find the request it belongs to.
 */
export type ClientMessage =
  | { readonly type: "EVENT"; readonly event: NostrEvent }
  | { readonly type: "REQ"; readonly subscription: string; readonly filters: readonly ReqFilter[] }
  | { readonly type: "COUNT"; readonly query: string; readonly filters: readonly ReqFilter[] }
  | { readonly type: "CLOSE"; readonly subscription: string }
  /** The answer is OK false. `id` is what the client wrote, whether an id or not. */
  | { readonly type: "refused-event"; readonly id: string; readonly reason: Reason }
  /** The answer is CLOSED. `subscription` is what the client wrote, even if too long. */
  | {
    readonly type: "refused-subscription";
    readonly subscription: string;
    readonly reason: Reason;
  }
  /** The answer is CLOSED, and a subscription that goes by the same id is left alone. */
  | { readonly type: "refused-count"; readonly query: string; readonly reason: Reason }
  /** The answer is NOTICE: there is nothing to refer to. */
  | { readonly type: "refused"; readonly notice: string };

/** The longest subscription id that a refusal repeats, UTF-16 units. */
export const MAX_ECHOED_SUBSCRIPTION = 1_024;

/**
 * Reads one message. Elements beyond those that NIP-01 names are ignored.
 *
 * Where the specification is silent: numbers must be written as integers ({@link parseJson}), of a
 * doubled key the last value counts, CLOSE takes any string, because to close what is not open means
 * nothing, and the verbs of NIPs that this relay does not know are refused as `unsupported` to the
 * request they came with.
 *
 * @see NIP-01 "From client to relay"
 * @see NIP-45
 *
 * @example
 * ```ts
 * import { parseClientMessage } from "./client_message.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * const limits = { maxFilters: 10, maxFilterValues: 100, maxSubscriptionIdLength: 64 };
 * deepEqual(parseClientMessage('["CLOSE","feed"]', limits), { type: "CLOSE", subscription: "feed" });
 * deepEqual(parseClientMessage('["REQ","feed"]', limits), {
 *   type: "refused-subscription",
 *   subscription: "feed",
 *   reason: { prefix: "invalid", text: "REQ without a filter" },
 * });
 * ```
 */
export function parseClientMessage(text: string, limits: MessageLimits): ClientMessage {
  const value = parseJson(text);
  if (value === undefined) return refused("the message is not JSON");
  if (!Array.isArray(value)) return refused("a message is a JSON array");
  const parts: readonly unknown[] = value;
  switch (parts[0]) {
    case "EVENT":
      return eventMessage(parts[1]);
    case "REQ":
      return requestMessage("REQ", parts, limits);
    case "CLOSE":
      return closeMessage(parts[1]);
    case "COUNT":
      return requestMessage("COUNT", parts, limits);
    case "AUTH":
      return authMessage(parts[1]);
    default:
      return refused("a message begins with EVENT, REQ, COUNT or CLOSE");
  }
}

function eventMessage(value: unknown): ClientMessage {
  const event = parseEvent(value);
  if (!("reason" in event)) return { type: "EVENT", event };
  const { id, reason } = event;
  if (id === undefined) return refused(`EVENT without a readable id: ${reason.text}`);
  return { type: "refused-event", id, reason };
}

/** A request that carries an id and filters: REQ and COUNT differ in what is done with them. */
function requestMessage(
  verb: "REQ" | "COUNT",
  parts: readonly unknown[],
  limits: MessageLimits,
): ClientMessage {
  const id = parts[1];
  if (typeof id !== "string" || id.length > MAX_ECHOED_SUBSCRIPTION) {
    return refused(`${verb} without a readable subscription id`);
  }
  const filters = isSubscriptionId(id, limits) ? requestFilters(verb, parts, limits) : BAD_ID;
  if (verb === "REQ") {
    return "prefix" in filters
      ? { type: "refused-subscription", subscription: id, reason: filters }
      : { type: verb, subscription: id, filters };
  }
  return "prefix" in filters
    ? { type: "refused-count", query: id, reason: filters }
    : { type: verb, query: id, filters };
}

function requestFilters(
  verb: string,
  parts: readonly unknown[],
  limits: MessageLimits,
): readonly ReqFilter[] | Reason {
  if (verb === "COUNT" && !limits.maxCountRows) return NO_COUNT;
  if (parts.length < 3) return reason("invalid", `${verb} without a filter`);
  if (parts.length - 2 > limits.maxFilters) {
    return reason("invalid", `${verb} with more than ${limits.maxFilters} filters`);
  }
  const filters: ReqFilter[] = [];
  for (let i = 2; i < parts.length; i++) {
    const filter = parseFilter(parts[i], limits);
    if ("prefix" in filter) return filter;
    filters.push(filter);
  }
  return filters;
}

/** "a non-empty string of max length 64 chars", of which each code point is one. */
function isSubscriptionId(text: string, { maxSubscriptionIdLength }: MessageLimits): boolean {
  if (text.length === 0 || !text.isWellFormed()) return false;
  return text.length <= maxSubscriptionIdLength || [...text].length <= maxSubscriptionIdLength;
}

function closeMessage(subscription: unknown): ClientMessage {
  if (typeof subscription !== "string") return refused("CLOSE without a subscription id");
  return { type: "CLOSE", subscription };
}

/** Refuses an AUTH to the event it carries, since its answer is an OK. */
function authMessage(value: unknown): ClientMessage {
  const id = isJsonObject(value) ? value.id : undefined;
  if (typeof id !== "string" || id.length > MAX_ECHOED_ID) return refused("AUTH without an event");
  return { type: "refused-event", id, reason: NO_AUTH };
}

function refused(notice: string): ClientMessage {
  return { type: "refused", notice };
}

const BAD_ID = reason("invalid", "subscription id is empty, too long or not well-formed");
const NO_COUNT = reason("unsupported", "this relay does not count");
const NO_AUTH = reason("unsupported", "this relay does not authenticate");
