/**
 * `[cache]`: the in-memory window of the newest events.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[cache]`. */
export const cacheSection = {
  title: "The newest events, which are answered from memory.",
  settings: {
    max_mib: {
      type: "integer",
      default: 256,
      unit: "MiB",
      min: 0,
      max: 1_048_576,
      description:
        "How much memory the newest events may take, with all that is needed to find them and an eighth for older profiles and lists that are asked for; never more than a quarter of what limits.max_memory_mb was at the start. With memory: they are all events. 0 turns it off. Several relays on one database whose retention removes events have none.",
      whenRaised:
        "The process grows by as much. While they are read, the relay pauses now and then: for 30 ms at 256 MiB, for 0.1 s at 1 GiB.",
    },
  },
} as const satisfies SettingSection;
