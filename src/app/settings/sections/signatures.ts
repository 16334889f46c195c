/**
 * `[signatures]`: the engine and threads that verify signatures.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** The value of `workers` that lets the relay choose. */
export const AUTOMATIC_WORKERS = -1;

/** Settings of the section `[signatures]`. */
export const signaturesSection = {
  title: "How signatures are checked: the dearest part of taking an event.",
  settings: {
    engine: {
      type: "choice",
      default: "auto",
      allowed: ["auto", "native", "wasm", "noble"],
      description:
        "The implementation of BIP-340. native is the libsecp256k1 of this machine, wasm the same compiled to WebAssembly, noble plain JavaScript. auto takes the fastest that is there and passes its test at start.",
    },
    library: {
      type: "text",
      default: "",
      description:
        "The file of libsecp256k1, for native and auto. Nothing means where systems keep it.",
    },
    workers: {
      type: "integer",
      default: AUTOMATIC_WORKERS,
      unit: "workers",
      min: AUTOMATIC_WORKERS,
      max: 64,
      description:
        "How many threads check signatures. 0 checks them between everything else, -1 takes as many as suit the engine and the processor.",
      whenRaised: "Each takes about 10 MB, and more than there are free cores gain nothing.",
    },
  },
} as const satisfies SettingSection;
