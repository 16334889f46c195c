/**
 * `[log]`: the level and format of the log.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[log]`. */
export const logSection = {
  title: "What is written to standard error about what happens.",
  settings: {
    level: {
      type: "choice",
      default: "info",
      allowed: ["debug", "info", "warn", "error"],
      description: "The least severe lines that are written.",
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
    connection_lines: {
      type: "integer",
      default: 60,
      unit: "lines per minute",
      min: 0,
      max: 1_000_000,
      description:
        "How many connections get a line when they end, with their address and what they did; all others share one line a minute.",
      whenRaised: "Whoever connects and leaves, again and again, fills the disk with the log.",
      reloadable: false,
    },
  },
} as const satisfies SettingSection;
