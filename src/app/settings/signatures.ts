/**
 * `[signatures]`: who checks them.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[signatures]`. */
export const signaturesSection = {
  title: "How signatures are checked: the dearest part of taking an event.",
  settings: {
    engine: {
      type: "choice",
      default: "auto",
      allowed: ["auto", "wasm", "noble"],
      description:
        "The implementation of BIP-340. auto takes the fastest that passes its test at start.",
      reloadable: false,
    },
    workers: {
      type: "integer",
      default: 1,
      unit: "workers",
      min: 0,
      max: 64,
      description: "How many threads check signatures. 0 checks them between everything else.",
      whenRaised: "Each takes about 10 MB, and more than there are free cores gain nothing.",
      reloadable: false,
    },
  },
} as const satisfies SettingSection;
