/**
 * `[access]`: who may do what.
 *
 * @see NIP-42
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[access]`. */
export const accessSection = {
  title: "Who may do what.",
  settings: {
    challenge_on_connect: {
      type: "boolean",
      default: true,
      description:
        "Whether each connection begins with a challenge (NIP-42), as clients expect. Otherwise one is sent when something needs it.",
      reloadable: false,
    },
    private_kinds: {
      type: "list",
      default: ["4", "1059", "21059"],
      format: {
        pattern: /^(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
        words: "a kind, from 0 to 65535",
      },
      minItems: 0,
      maxItems: 100,
      description:
        "Kinds that are served only to their author and to those whom a p tag names, after authentication: encrypted direct messages and gift wraps. They are never found by a search.",
      reloadable: false,
    },
    policy_timeout_ms: {
      type: "integer",
      default: 5_000,
      unit: "milliseconds",
      min: 10,
      max: 60_000,
      description:
        "How long a policy may take for one decision. What it has not decided by then is refused.",
      whenRaised: "Events and requests wait as long for a policy that hangs.",
      reloadable: false,
    },
  },
} as const satisfies SettingSection;
