/**
 * `[retention]`: how long events are kept.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";
import { KIND_RANGE, kindRangeFormat, publicKeyFormat } from "./formats.ts";

/** Settings of the section `[retention]`. */
export const retentionSection = {
  title:
    "How long events are kept. Age is counted from created_at. An event that is too old when it arrives is refused; one that was removed because of the size limit may be published again.",
  settings: {
    max_age_days: {
      type: "integer",
      default: 0,
      unit: "days",
      min: 0,
      max: 36_500,
      description:
        "How long events are kept whose kind has no rule in kind_age_days. 0 means for ever.",
      whenRaised: "The database grows for longer.",
      reloadable: true,
    },
    kind_age_days: {
      type: "list",
      default: [],
      format: {
        pattern: new RegExp(`^${KIND_RANGE}=\\d{1,5}$`),
        words: "a kind or a range of kinds, and days: 7=90 or 30000-39999=0",
      },
      maxItems: 1_000,
      description:
        "How many days events of some kinds are kept; the first that fits counts, 0 means for ever.",
      reloadable: true,
    },
    max_total_mib: {
      type: "integer",
      default: 0,
      unit: "MiB",
      min: 0,
      max: 1_073_741_824,
      description:
        "How large the JSON of all events may grow before the oldest are removed; tables and indexes take about five times as much. 0 means any size. A limit here makes each look at the store read all of it.",
      whenRaised: "The database takes more of the disk.",
      reloadable: true,
    },
    kept_kinds: {
      type: "list",
      default: ["0", "3", "5", "62", "10002"],
      format: kindRangeFormat,
      maxItems: 1_000,
      description: "Kinds that are kept whatever their age and the size of the store.",
      reloadable: true,
    },
    kept_authors: {
      type: "list",
      default: [],
      format: publicKeyFormat,
      maxItems: 100_000,
      description: "Authors whose events are kept whatever their age and the size of the store.",
      reloadable: true,
    },
    sweep_interval_s: {
      type: "integer",
      default: 3_600,
      unit: "seconds",
      min: 10,
      max: 604_800,
      description: "How often the store is looked through for events that are not to be kept.",
      whenRaised: "Events that are not to be kept stay for longer.",
      reloadable: true,
    },
  },
} as const satisfies SettingSection;
