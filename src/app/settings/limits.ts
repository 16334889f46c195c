/**
 * `[limits]`: how much one peer may ask of the relay. What NIP-11 has a word for is told to clients
 * under that word.
 *
 * @see NIP-11 "Server limitations"
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[limits]`. */
export const limitsSection = {
  title: "How much one peer may ask for. Whatever is beyond a limit is refused with a reason.",
  settings: {
    max_message_bytes: {
      type: "integer",
      default: 524_288,
      unit: "bytes",
      min: 1_024,
      max: 67_108_864,
      description: "The longest message taken from a client, after decompression.",
      whenRaised:
        "Each connection can make the relay hold and parse that much before anything is checked.",
      reloadable: false,
    },
    max_event_bytes: {
      type: "integer",
      default: 262_144,
      unit: "bytes",
      min: 512,
      max: 67_108_864,
      description: "The largest event taken, as compact JSON.",
      whenRaised:
        "A publisher fills the disk, and the queues of everyone who listens, with fewer events.",
      reloadable: true,
    },
    max_event_tags: {
      type: "integer",
      default: 5_000,
      unit: "tags",
      min: 1,
      max: 100_000,
      description: "The most tags an event may have.",
      whenRaised:
        "One event adds that many rows to the tag index and that many look-ups to live matching.",
      reloadable: true,
    },
    max_content_length: {
      type: "integer",
      default: 196_608,
      unit: "characters",
      min: 0,
      max: 67_108_864,
      description: "The longest content an event may have, in Unicode characters.",
      whenRaised: "Little, as long as max_event_bytes stays: it bounds the same bytes.",
      reloadable: true,
    },
    created_at_upper_limit_s: {
      type: "integer",
      default: 900,
      unit: "seconds",
      min: 0,
      max: 4_294_967_295,
      description: "How far in the future an event may be dated. 0 means any date.",
      whenRaised: "An event dated ahead stays on top of every feed until its date has passed.",
      reloadable: true,
    },
    created_at_lower_limit_s: {
      type: "integer",
      default: 0,
      unit: "seconds",
      min: 0,
      max: 4_294_967_295,
      description: "How far in the past an event may be dated. 0 means any date.",
      whenRaised: "Old events, real or backdated, can be published for the first time.",
      reloadable: true,
    },
    max_subscriptions: {
      type: "integer",
      default: 100,
      unit: "subscriptions",
      min: 1,
      max: 10_000,
      description: "The most subscriptions a connection may have open.",
      whenRaised: "One connection can put that many more entries into the live index.",
      reloadable: true,
    },
    max_subscription_id_length: {
      type: "integer",
      default: 64,
      unit: "characters",
      min: 1,
      max: 1_024,
      description: "The longest subscription id. NIP-01 says 64.",
      whenRaised: "The id is kept for each subscription and repeated before each event sent.",
      reloadable: true,
    },
    max_filters: {
      type: "integer",
      default: 50,
      unit: "filters",
      min: 1,
      max: 1_000,
      description: "The most filters in one REQ or COUNT.",
      whenRaised: "One message can start that many database queries.",
      reloadable: true,
    },
    max_filter_values: {
      type: "integer",
      default: 5_000,
      unit: "values",
      min: 1,
      max: 100_000,
      description:
        "The most ids, authors, kinds and tag values that one filter may list, all together.",
      whenRaised: "Each value is an index look-up in the database and an entry in the live index.",
      reloadable: true,
    },
    max_limit: {
      type: "integer",
      default: 1_000,
      unit: "events",
      min: 1,
      max: 100_000,
      description:
        "The most stored events one filter is answered with. A higher limit is lowered to this.",
      whenRaised: "A message of a few bytes can ask for that many events to be read and sent.",
      reloadable: true,
    },
    default_limit: {
      type: "integer",
      default: 500,
      unit: "events",
      min: 1,
      max: 100_000,
      description: "The limit of a filter that does not name one.",
      whenRaised: "Careless clients get, and pay for, that many events each time.",
      reloadable: true,
    },
    max_concurrent_queries: {
      type: "integer",
      default: 4,
      unit: "queries",
      min: 1,
      max: 1_000,
      description: "How many queries of one connection run at once. More wait their turn.",
      whenRaised: "One connection can take that many of the database connections that all share.",
      reloadable: true,
    },
    max_pending_events: {
      type: "integer",
      default: 256,
      unit: "events",
      min: 1,
      max: 65_536,
      description:
        "How many events of one connection may await their OK before the relay stops reading from it.",
      whenRaised:
        "One publisher can fill the queue to the signature check and keep others waiting.",
      reloadable: true,
    },
    max_pending_bytes: {
      type: "integer",
      default: 2_097_152,
      unit: "bytes",
      min: 1_024,
      max: 268_435_456,
      description:
        "How many bytes of events of one connection may await their OK before the relay stops reading from it.",
      whenRaised: "Each connection can make the relay hold that much memory.",
      reloadable: true,
    },
    high_water_bytes: {
      type: "integer",
      default: 1_048_576,
      unit: "bytes",
      min: 16_384,
      max: 1_073_741_824,
      description:
        "How many bytes may wait to be sent to one connection before its stored events wait for it to read.",
      whenRaised: "A peer that asks and does not read holds that much memory.",
      reloadable: true,
    },
    max_queued_bytes: {
      type: "integer",
      default: 8_388_608,
      unit: "bytes",
      min: 65_536,
      max: 1_073_741_824,
      description:
        "How many bytes may wait to be sent to one connection before it is closed as too slow for its live events.",
      whenRaised: "A peer that subscribes and does not read holds that much memory.",
      reloadable: true,
    },
    max_live_queue: {
      type: "integer",
      default: 4_096,
      unit: "deliveries",
      min: 16,
      max: 1_048_576,
      description: "How many live events may wait for one connection's turn before it is closed.",
      whenRaised: "A connection that is too slow for what it asked keeps events alive longer.",
      reloadable: true,
    },
    max_held_events: {
      type: "integer",
      default: 2_000,
      unit: "events",
      min: 16,
      max: 1_048_576,
      description:
        "How many live events a subscription holds back while its stored ones are being sent.",
      whenRaised: "A slow query, or a reader slow on purpose, keeps that many events in memory.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
