/**
 * `[plugins]`: the policy plugins.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[plugins]`. */
export const pluginsSection = {
  title: "Programs that decide for the relay: strfry's write policies, and more (docs/plugins.md).",
  settings: {
    commands: {
      type: "list",
      default: [],
      format: { pattern: /^[^\r\n]+$/, words: "a command of the shell" },
      maxItems: 20,
      description:
        "Commands of the shell, each a program that reads questions and writes answers as lines of JSON. They are asked in order. A command that is the path of a file is started anew when the file changes.",
    },
    modules: {
      type: "list",
      default: [],
      format: { pattern: /^[^\r\n]+$/, words: "the path of a file" },
      maxItems: 20,
      description:
        "TypeScript or JavaScript files, each of which exports policies by default. They run inside the relay and may do all that it may. They are asked after the programs.",
    },
    hooks: {
      type: "list",
      default: [],
      format: { pattern: /^(?:connect|request)$/, words: '"connect" or "request"' },
      maxItems: 2,
      description: "What they are asked about besides events.",
    },
    processes: {
      type: "integer",
      default: 2,
      unit: "processes",
      min: 1,
      max: 64,
      description: "How many processes of each run.",
      whenRaised: "Each is one more program in memory.",
    },
    max_in_flight: {
      type: "integer",
      default: 16,
      unit: "questions",
      min: 1,
      max: 10_000,
      description: "How many questions a process may have open at a time; others wait.",
      whenRaised: "A process that ends takes as many questions with it, which are asked again.",
    },
    timeout_ms: {
      type: "integer",
      default: 10_000,
      unit: "milliseconds",
      min: 10,
      max: 600_000,
      description: "How long an answer may take. A process that hangs is ended and started anew.",
      whenRaised: "Events wait as long for a plugin that hangs.",
    },
    on_failure: {
      type: "choice",
      default: "reject",
      allowed: ["reject", "accept"],
      description: "What becomes of what a plugin does not answer.",
    },
  },
} as const satisfies SettingSection;
