import { deepEqual } from "node:assert/strict";
import { sliceOptions } from "../../../src/app/database/slice_options.ts";
import { loadSettings } from "../../../src/app/settings/load_settings.ts";

function optionsOf(slices: string) {
  const loaded = loadSettings({ flags: [{ flag: "--set", name: "sync.slices", text: slices }] });
  if (!("settings" in loaded)) throw new Error(JSON.stringify(loaded.problems));
  return sliceOptions(loaded.settings);
}

Deno.test("out of the box no slices are kept", () => {
  deepEqual(optionsOf("[]").filters, []);
});

Deno.test("an empty table of slices is for all events, others for kinds and authors", () => {
  const key = "ab".repeat(32);
  const { filters, privateKinds, sliceEvents } = optionsOf(
    `[{}, {"kinds": ["0", "3"]}, {"kinds": ["1"], "authors": ["${key}"]}]`,
  );
  deepEqual(filters, [
    {},
    { kinds: new Set([0, 3]) },
    { kinds: new Set([1]), authors: new Set([key]) },
  ]);
  deepEqual(privateKinds, new Set([4, 1059, 21_059]));
  deepEqual(sliceEvents, 256);
});
