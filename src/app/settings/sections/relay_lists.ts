/**
 * `[relay_lists]`: relays that people name for themselves.
 *
 * @see NIP-65
 * @module
 */

import type { SettingSection } from "../setting.ts";
import { mirrorFilterFormat, publicKeyFormat } from "./formats.ts";

/** Settings of the section `[relay_lists]`. */
export const relayListsSection = {
  title:
    "Relays that people name for themselves (NIP-65, kind 10002), as far as their lists are stored here: events are sent on to them (outbox) and fetched from them (inbox). What is said of these relays is said by strangers.",
  settings: {
    outbox_filter: {
      type: "text",
      default: "",
      format: {
        pattern: /^/,
        accepts: (text) => text === "" || mirrorFilterFormat.accepts(text),
        words: `${mirrorFilterFormat.words}, or nothing`,
      },
      description:
        'Which new events are sent to the write relays of their authors: {} for all, {"authors":["npub1…"]} for those of some keys; nothing for none. Private kinds, gift wraps, protected and ephemeral events never are.',
      reloadable: true,
    },
    outbox_to_mentioned: {
      type: "boolean",
      default: false,
      description:
        "Whether these events are also sent to the read relays of those whom their p tags name.",
      reloadable: true,
    },
    outbox_when_closed: {
      type: "boolean",
      default: false,
      description:
        "Whether events are sent that a client without AUTH may not read here, because only members may.",
      reloadable: true,
    },
    outbox_max_age_s: {
      type: "integer",
      default: 604_800,
      unit: "seconds",
      min: 0,
      max: 3_153_600_000,
      description:
        "How old events may be that are sent, by their date; 0 for all of them. What an import or a new mirror brings is mostly older.",
      whenRaised: "Whoever has old events of others can have them sent around.",
      reloadable: true,
    },
    inbox_keys: {
      type: "list",
      default: [],
      format: publicKeyFormat,
      maxItems: 100,
      description:
        "Public keys of which mentions (p tags) are fetched: from the read relays of each, and with inbox_followed from others.",
      reloadable: true,
    },
    inbox_filter: {
      type: "text",
      default: "{}",
      format: mirrorFilterFormat,
      description:
        'Which mentions are fetched, such as {"kinds":[1,6,7,9735]}. They pass the policies of the relay as what comes from a mirror does.',
      reloadable: true,
    },
    inbox_followed: {
      type: "boolean",
      default: true,
      description:
        "Whether mentions are also fetched from the write relays of those whom the keys follow (kind 3), the most used ones first.",
      reloadable: true,
    },
    inbox_max_relays: {
      type: "integer",
      default: 20,
      unit: "relays",
      min: 1,
      max: 500,
      description:
        "From how many relays mentions are fetched. Each is a connection that stays open.",
      whenRaised:
        "Each relay may send byte_rate and inbox_event_rate more, and takes up to 8 MiB of memory.",
      reloadable: true,
    },
    inbox_catch_up_s: {
      type: "integer",
      default: 604_800,
      unit: "seconds",
      min: 0,
      max: 3_153_600_000,
      description: "How old mentions may be that are fetched; 0 for all of them.",
      whenRaised: "A relay may make up as many more old events.",
      reloadable: true,
    },
    inbox_refresh_s: {
      type: "integer",
      default: 600,
      unit: "seconds",
      min: 1,
      max: 86_400,
      description:
        "How often the relays are chosen again, by the lists that are stored then. One that could not be reached in that time, or answered nothing, makes room for another.",
      whenRaised: "A changed list is noticed as much later.",
      reloadable: true,
    },
    inbox_event_rate: {
      type: "integer",
      default: 5,
      unit: "events per second",
      min: 1,
      max: 10_000,
      description:
        "How many events of one inbox relay are checked and stored over time, and up to 100 at once. It is not read from meanwhile.",
      whenRaised:
        "A hostile relay stores as many more events, as rates of clients and keys do not hold for it.",
      reloadable: true,
    },
    max_connections: {
      type: "integer",
      default: 32,
      unit: "connections",
      min: 2,
      max: 1_000,
      description:
        "Connections to relays that events are sent to, open or being opened. Half of them at most go to hosts that have not taken an event yet.",
      whenRaised:
        "Each takes some 100 KiB of memory, and more relays can be made to hear from here.",
      reloadable: true,
    },
    connection_rate: {
      type: "integer",
      default: 5,
      unit: "connections per second",
      min: 1,
      max: 1_000,
      description: "How many of these connections are opened per second over time.",
      whenRaised:
        "Whoever writes relay lists can have the relay knock at as many more hosts of others.",
      reloadable: true,
    },
    max_relays_per_key: {
      type: "integer",
      default: 4,
      unit: "relays",
      min: 1,
      max: 50,
      description:
        "How many relays of a list are used for reading, and how many for writing: the first ones. NIP-65 advises two to four.",
      whenRaised: "One list makes the relay send as many more copies.",
      reloadable: true,
    },
    max_relays_per_event: {
      type: "integer",
      default: 12,
      unit: "relays",
      min: 1,
      max: 500,
      description:
        "To how many relays one event is sent: those of its author first, then those of whom it mentions.",
      whenRaised: "One event makes the relay send as many more copies.",
      reloadable: true,
    },
    max_mentioned_keys: {
      type: "integer",
      default: 10,
      unit: "keys",
      min: 1,
      max: 1_000,
      description: "How many of the keys that an event mentions are looked up: the first ones.",
      whenRaised: "One event has as many more lists looked up in the database.",
      reloadable: true,
    },
    max_followed_keys: {
      type: "integer",
      default: 2_000,
      unit: "keys",
      min: 1,
      max: 100_000,
      description: "Of how many followed keys the lists are read, all inbox_keys together.",
      whenRaised: "Each refresh reads as many more lists from the database.",
      reloadable: true,
    },
    max_waiting_relays: {
      type: "integer",
      default: 1_000,
      unit: "relays",
      min: 1,
      max: 100_000,
      description:
        "For how many relays events may wait, an eighth of them at most of one host. Beyond that those that failed are given up first, then those of hosts that have not taken an event yet.",
      whenRaised: "Each may hold max_waiting_events in memory, an id of 100 bytes each.",
      reloadable: true,
    },
    max_waiting_events: {
      type: "integer",
      default: 200,
      unit: "events",
      min: 1,
      max: 100_000,
      description:
        "How many events may wait for one relay. What does not fit is not sent there; a restart forgets what waits.",
      whenRaised: "A relay that is away holds as many more ids, of 100 bytes each, in memory.",
      reloadable: true,
    },
    idle_close_s: {
      type: "integer",
      default: 30,
      unit: "seconds",
      min: 1,
      max: 3_600,
      description:
        "How long a connection that events were sent over stays open for more. It is closed before when others wait for one.",
      whenRaised: "Relays hold their connections for as much longer.",
      reloadable: true,
    },
    byte_rate: {
      type: "integer",
      default: 262_144,
      unit: "bytes per second",
      min: 1_024,
      max: 1_073_741_824,
      description:
        "How much one of these relays may send over time, and 32 times as much at once. One that sends more is cut off.",
      whenRaised:
        "A hostile relay has as many more bytes parsed here: a megabyte takes some 10 ms.",
      reloadable: true,
    },
    allow_private_addresses: {
      type: "boolean",
      default: false,
      description:
        "Whether connections may be made to this machine and to private networks, when a list names them or a name that leads there. Only for relays of a private network: anybody could have services of that network spoken to.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
