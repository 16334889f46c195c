/**
 * `[sync]`: how other relays and clients compare their events with those here.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";
import { kindFormat, publicKeyFormat } from "./formats.ts";

/** Settings of the section `[sync]`. */
export const syncSection = {
  title: "Reconciliation (NIP-77). Its limits are in [limits].",
  settings: {
    slice_events: {
      type: "integer",
      default: 256,
      unit: "events",
      min: 64,
      max: 16_384,
      description:
        "About how many events a slice has. A slice in which two sides differ, or one of their ranges ends, is read whole, and each reconciliation begins with 80 bytes of each slice. Of tens of millions of events, longer slices are better.",
      whenRaised: "A message makes the database list more ids, from fewer slices.",
    },
    slices: {
      type: "tables",
      default: [],
      columns: {
        kinds: {
          type: "list",
          default: [],
          format: kindFormat,
          maxItems: 1_000,
          description: "Of which kinds; nothing for all.",
        },
        authors: {
          type: "list",
          default: [],
          format: publicKeyFormat,
          maxItems: 10_000,
          description: "Of which authors; nothing for all.",
        },
      },
      required: [],
      maxItems: 8,
      description:
        "Filters whose events everybody may see are counted and summed up by time in the database, so that a reconciliation by such a filter reads only where the sides differ. An empty table is for all events. Each makes storing an event a little slower. Needs a database; all instances on one have the same.",
    },
  },
} as const satisfies SettingSection;
