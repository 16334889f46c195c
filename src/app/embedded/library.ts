/**
 * The public API of `mod.ts`.
 *
 * @module
 */

export { createRelay } from "./create_relay.ts";
export type { CreateRelayOptions, EmbeddedRelay, RequestOrigin } from "./create_relay.ts";
export type { Client, Handshake } from "../../relay/access/client.ts";
export type {
  Awaitable,
  EventDecision,
  Inquiry,
  Origin,
  Policy,
  PolicyInformation,
  RequestDecision,
  Submission,
} from "../../relay/access/policy.ts";
export { type Prefix, type Reason, reason } from "../../nostr/reason.ts";
export type { NostrEvent, Tag } from "../../nostr/event.ts";
export type { ReqFilter } from "../../nostr/filter.ts";
export type { Log, LogFields } from "../../base/log.ts";
export type { Filter, Published } from "./local_client.ts";
export type { CountedVerb, Counters } from "../../relay/counters.ts";
