/**
 * `[search]`: full-text search.
 *
 * @see NIP-50
 * @module
 */

import type { SettingSection } from "../setting.ts";
import { kindFormat } from "./formats.ts";

/** Settings of the section `[search]`. */
export const searchSection = {
  title: "Finding events by their words (NIP-50). Off, it costs nothing.",
  settings: {
    enabled: {
      type: "boolean",
      default: false,
      description:
        "Whether clients may search. What was stored while this was off is found after `gallimimus reindex`.",
    },
    kinds: {
      type: "list",
      default: ["0", "1", "11", "42", "1111", "9802", "30023", "30818"],
      format: kindFormat,
      minItems: 1,
      maxItems: 1_000,
      description:
        "The kinds whose events are found: by their content and titles, profiles by names, address and about.",
    },
    max_length: {
      type: "integer",
      default: 256,
      unit: "characters",
      min: 1,
      max: 4_096,
      description: "The longest search text.",
      whenRaised: "Each word of a search is looked up, and each event found is compared with all.",
      reloadable: true,
    },
    max_candidates: {
      type: "integer",
      default: 2_000,
      unit: "events",
      min: 100,
      max: 100_000,
      description:
        "A search gives the best of the newest events that it finds: of four times its limit, 200 at least, and of so many at most. Also the most that it gives.",
      whenRaised:
        "A message of a few bytes, with a common word and a large limit, makes the database read and compare that many events.",
    },
  },
} as const satisfies SettingSection;
