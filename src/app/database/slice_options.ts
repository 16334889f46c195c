/**
 * Builds from the settings of what slices are kept.
 *
 * @module
 */

import type { SliceOptions } from "../../store/slices/kept_slices.ts";
import { readPublicKeys } from "../settings/key_text.ts";
import type { Settings } from "../settings/setting_list.ts";

/** The slices of the section `[sync]`. */
export function sliceOptions(settings: Pick<Settings, "sync" | "access">): SliceOptions {
  const { slices, slice_events: sliceEvents } = settings.sync;
  return {
    filters: slices.map(({ kinds, authors }) => ({
      ...kinds.length > 0 && { kinds: new Set(kinds.map(Number)) },
      ...authors.length > 0 && {
        authors: new Set(readPublicKeys("sync.slices.authors", authors)),
      },
    })),
    privateKinds: new Set(settings.access.private_kinds.map(Number)),
    sliceEvents,
  };
}
