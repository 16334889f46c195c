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
      minItems: 0,
      maxItems: 20,
      description:
        "Commands of the shell, each a program that reads questions and writes answers as lines of JSON. They are asked in order. A command that is the path of a file is started anew when the file changes.",
      reloadable: false,
    },
    modules: {
      type: "list",
      default: [],
      format: { pattern: /^[^\r\n]+$/, words: "the path of a file" },
      minItems: 0,
      maxItems: 20,
      description:
        "TypeScript or JavaScript files, each of which exports policies by default. They run inside the relay and may do all that it may. They are asked after the programs.",
      reloadable: false,
    },
    hooks: {
      type: "list",
      default: [],
      format: { pattern: /^(?:connect|request)$/, words: '"connect" or "request"' },
      minItems: 0,
      maxItems: 2,
      description: "What they are asked about besides events.",
      reloadable: false,
    },
    processes: {
      type: "integer",
      default: 2,
      unit: "processes",
      min: 1,
      max: 64,
      description: "How many processes of each run.",
      whenRaised: "Each is one more program in memory.",
      reloadable: false,
    },
    max_in_flight: {
      type: "integer",
      default: 16,
      unit: "questions",
      min: 1,
      max: 10_000,
      description: "How many questions a process may have open at a time; others wait.",
      whenRaised: "A process that ends takes as many questions with it, which are asked again.",
      reloadable: false,
    },
    timeout_ms: {
      type: "integer",
      default: 10_000,
      unit: "milliseconds",
      min: 10,
      max: 600_000,
      description: "How long an answer may take. A process that hangs is ended and started anew.",
      whenRaised: "Events wait as long for a plugin that hangs.",
      reloadable: false,
    },
    on_failure: {
      type: "choice",
      default: "reject",
      allowed: ["reject", "accept"],
      description: "What becomes of what a plugin does not answer.",
      reloadable: false,
    },
  },
} as const satisfies SettingSection;
