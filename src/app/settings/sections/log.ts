/**
 * `[log]`: the level and format of the log.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

const levels = ["debug", "info", "warn", "error"] as const;

/** The parts of the relay whose lines name them. */
const parts = ["net", "relay", "access", "store", "sync", "plugins"] as const;

/** The name of a part of the relay in the log. */
export type LogPart = typeof parts[number];

/** Settings of the section `[log]`. */
export const logSection = {
  title: "What is written to standard error about what happens.",
  settings: {
    level: {
      type: "choice",
      default: "info",
      allowed: levels,
      description: "The least severe lines that are written.",
      reloadable: true,
    },
    parts: {
      type: "list",
      default: [],
      format: {
        pattern: new RegExp(`^(?:${parts.join("|")})=(?:${levels.join("|")})$`),
        words: `a part and a level: ${parts[0]}=debug; the parts are ${parts.join(", ")}`,
      },
      maxItems: parts.length,
      description:
        'Parts of the relay with a level of their own, such as "net=warn"; lines of a part say which it is.',
      reloadable: true,
    },
    format: {
      type: "choice",
      default: "auto",
      allowed: ["auto", "text", "json"],
      description:
        "text for people, json for machines, auto: text on a terminal and json elsewhere.",
      reloadable: true,
    },
    addresses: {
      type: "choice",
      default: "full",
      allowed: ["full", "network", "hashed", "none"],
      description:
        "What lines say of a client's address: all of it, its /24 (IPv6 /48), a hash that is another after each restart, or nothing.",
      reloadable: true,
    },
    connection_lines: {
      type: "integer",
      default: 60,
      unit: "lines per minute",
      min: 0,
      max: 1_000_000,
      description:
        "How many connections get a line when they end, with their address and what they did; all others share one line a minute.",
      whenRaised: "Whoever connects and leaves, again and again, fills the disk with the log.",
    },
    slow_query_ms: {
      type: "integer",
      default: 1_000,
      unit: "milliseconds",
      min: 0,
      max: 3_600_000,
      description:
        "How long a REQ, COUNT or NEG-OPEN takes that is logged, with its filter and its plan; repeats are counted and told once a minute. 0 logs none.",
      whenRaised: "Nothing: fewer queries are logged.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
