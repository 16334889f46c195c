/**
 * `[filters]`: filter extensions beyond NIP-01.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[filters]`. */
export const filtersSection = {
  title: "What filters may say beyond NIP-01.",
  settings: {
    and_tags: {
      type: "boolean",
      default: false,
      description:
        'Whether filters may ask for events that carry all of several tag values, as in {"&t":["a","b"]}. The proposal, NIP-91, is not accepted yet.',
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
