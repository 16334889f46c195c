/**
 * `[mirrors]`: other relays that this one exchanges events with all the time.
 *
 * @module
 */

import { parseWebSocketUrl } from "../../../websocket/websocket_url.ts";
import type { SettingSection } from "../setting.ts";
import { mirrorFilterFormat } from "./formats.ts";

/** Settings of the section `[mirrors]`. */
export const mirrorsSection = {
  title: "Other relays whose events this one takes, or that get events of this one, all the time.",
  settings: {
    max_pending_events: {
      type: "integer",
      default: 200,
      unit: "events",
      min: 1,
      max: 10_000,
      description:
        "How many events of one relay are checked and stored at a time, and how many that were sent to it may be unanswered. It is not read from meanwhile.",
      whenRaised:
        "A relay that sends much takes as much more memory, and more turns of the database.",
    },
    max_waiting_events: {
      type: "integer",
      default: 10_000,
      unit: "events",
      min: 1,
      max: 1_000_000,
      description:
        "How many new events may wait to be sent to one relay. Further ones are left out, and found by another comparison when the others are sent.",
      whenRaised: "A relay that takes events slowly holds as many more in memory.",
    },
    max_remembered_ids: {
      type: "integer",
      default: 50_000,
      unit: "ids",
      min: 100,
      max: 10_000_000,
      description:
        "Of how many events is remembered, for each relay, that they came from it or went to it, and that either side refused them. What is forgotten may cross once more.",
      whenRaised: "An id takes about 150 bytes of memory.",
    },
    answer_timeout_ms: {
      type: "integer",
      default: 30_000,
      unit: "milliseconds",
      min: 100,
      max: 600_000,
      description: "How long a relay may take to answer a request.",
      whenRaised: "It takes as much longer to notice that a relay does not answer.",
    },
    max_retry_s: {
      type: "integer",
      default: 300,
      unit: "seconds",
      min: 1,
      max: 86_400,
      description:
        "The longest pause before the next attempt to connect, or to compare after that has failed. The first one is a second, and each further one twice as long.",
      whenRaised: "A relay that is back is noticed as much later.",
    },
    relay: {
      type: "tables",
      default: [],
      columns: {
        url: {
          type: "text",
          default: "wss://relay.example",
          format: {
            pattern: /^(?:wss?:\/\/|ws\+unix:)\S+$/,
            accepts: (text) => parseWebSocketUrl(text) !== undefined,
            words: "a URL that begins with wss:// or ws://",
          },
          description: "The other relay.",
          reloadable: true,
        },
        direction: {
          type: "choice",
          default: "down",
          allowed: ["down", "up", "both"],
          description: "Whether events come from it, go to it, or both.",
          reloadable: true,
        },
        filter: {
          type: "text",
          default: "{}",
          format: mirrorFilterFormat,
          description: "Which events. Keys in it may be npub1….",
          reloadable: true,
        },
        auth_key_file: {
          type: "text",
          default: "",
          description:
            "A file with the secret key, nsec or hex, to authenticate with there (NIP-42); nothing for none.",
          reloadable: true,
        },
        private: {
          type: "boolean",
          default: false,
          description:
            "Whether the other relay is told, and sent, what a client without AUTH may not see here: private kinds, and everything where only members may read.",
          reloadable: true,
        },
        catch_up_s: {
          type: "integer",
          default: 0,
          unit: "seconds",
          min: 0,
          max: 3_153_600_000,
          description:
            "How far back events are compared after each new connection; 0 for all of them. New events come and go whatever their time.",
          whenRaised: "Each comparison reads as many more ids from the database.",
          reloadable: true,
        },
      },
      required: ["url"],
      maxItems: 100,
      description: "The other relays, each a table of its own.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
