/**
 * The settings in `[limits]` that bound how much one client and one public key may publish and ask.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** The rates of clients and keys, part of the section `[limits]`. */
export const rateSettings = {
  client_row_rate: {
    type: "integer",
    default: 20_000,
    unit: "rows per second",
    min: 1,
    max: 10_000_000,
    description:
      "How many rows of the database one client may write in the long run: an event is one, and each of its tags another. What is more is refused, rate-limited.",
    whenRaised: "One client fills the disk, and keeps the database busy, with fewer bytes.",
    reloadable: true,
  },
  client_row_burst: {
    type: "integer",
    default: 200_000,
    unit: "rows",
    min: 1,
    max: 100_000_000,
    description: "How many rows one client may write at once before client_row_rate holds.",
    whenRaised: "Each new client can have so many written before it is bounded.",
    reloadable: true,
  },
  key_event_rate: {
    type: "integer",
    default: 100,
    unit: "events/s",
    min: 1,
    max: 1_000_000,
    description:
      "How many events one public key may publish in the long run, over all its connections. What was stored before does not count. As many of its events may be sent again, by all clients together; beyond that, one client may send 20 of them again and one a second.",
    whenRaised: "One key can fill as much more of the database and of everybody's feeds.",
    reloadable: true,
  },
  key_event_burst: {
    type: "integer",
    default: 10_000,
    unit: "events",
    min: 1,
    max: 10_000_000,
    description: "How many events one public key may publish at once, after a quiet time.",
    whenRaised: "One key can fill as much of the database and of everybody's feeds at once.",
    reloadable: true,
  },
  client_event_rate: {
    type: "integer",
    default: 1_000,
    unit: "events/s",
    min: 1,
    max: 1_000_000,
    description:
      "How many events one IPv4 address or one IPv6 /64 may publish in the long run, over all its connections. More are refused, rate-limited. network.unlimited_clients may publish and ask as much as they like.",
    whenRaised: "One client can take a larger part of the processor and of the database.",
    reloadable: true,
  },
  client_event_burst: {
    type: "integer",
    default: 10_000,
    unit: "events",
    min: 1,
    max: 10_000_000,
    description: "How many events one client may publish at once, after a quiet time.",
    whenRaised: "Each new client can bring as many before it is slowed down.",
    reloadable: true,
  },
  client_req_rate: {
    type: "integer",
    default: 500,
    unit: "requests/s",
    min: 1,
    max: 1_000_000,
    description:
      "How many REQs one client may send in the long run. More are closed, rate-limited.",
    whenRaised: "One client can take a larger part of the processor and of the database.",
    reloadable: true,
  },
  client_req_burst: {
    type: "integer",
    default: 5_000,
    unit: "requests",
    min: 1,
    max: 10_000_000,
    description: "How many REQs one client may send at once, after a quiet time.",
    whenRaised: "Each new client can bring as many before it is slowed down.",
    reloadable: true,
  },
  client_count_rate: {
    type: "integer",
    default: 100,
    unit: "requests/s",
    min: 1,
    max: 1_000_000,
    description:
      "How many COUNTs and NEG-OPENs one client may send in the long run, each as many times as it has filters. More are closed, rate-limited.",
    whenRaised: "One client can have the database read more index entries.",
    reloadable: true,
  },
  client_count_burst: {
    type: "integer",
    default: 1_000,
    unit: "requests",
    min: 1,
    max: 10_000_000,
    description:
      "How many COUNTs and NEG-OPENs one client may send at once, after a quiet time, each as many times as it has filters.",
    whenRaised: "Each new client can bring as many before it is slowed down.",
    reloadable: true,
  },
  client_auth_rate: {
    type: "integer",
    default: 50,
    unit: "messages/s",
    min: 1,
    max: 1_000_000,
    description:
      "How many AUTH messages one client may send in the long run. More are refused, rate-limited.",
    whenRaised: "One client can have more signatures checked.",
    reloadable: true,
  },
  client_auth_burst: {
    type: "integer",
    default: 2_000,
    unit: "messages",
    min: 1,
    max: 10_000_000,
    description: "How many AUTH messages one client may send at once, after a quiet time.",
    whenRaised: "Each new client can bring as many before it is slowed down.",
    reloadable: true,
  },
  kind_event_rates: {
    type: "list",
    default: [],
    format: {
      pattern: /^\d{1,5}(-\d{1,5})?=[1-9]\d{0,5}$/,
      words: "a kind or a range of kinds, and events a minute: 1984=10 or 20000-29999=600",
    },
    maxItems: 1_000,
    description:
      "How many events of some kinds each public key, and each client, may publish per minute, and at once; the first range that fits counts.",
    reloadable: true,
  },
  trusted_rate_factor: {
    type: "integer",
    default: 10,
    unit: "times",
    min: 1,
    max: 1_000,
    description:
      "How many times these rates and bursts hold for members, for keys in the web of trust, and for clients that have authenticated as one of them.",
    whenRaised: "One stolen or careless member's key can flood the relay as many times faster.",
    reloadable: true,
  },
  rate_limited_cost: {
    type: "integer",
    default: 5_000,
    unit: "messages",
    min: 0,
    max: 10_000,
    description:
      "How many additional messages a message counts as, for message_rate, that a rate or a policy refuses as rate-limited. The connection is then read more slowly, one message at a time and with pauses of 5 seconds at most.",
    whenRaised:
      "Less: who goes on sending is slowed down sooner. 0 makes refused messages cost nothing.",
    reloadable: true,
  },
} as const satisfies SettingSection["settings"];
