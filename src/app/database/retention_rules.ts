/**
 * Builds the retention rules from the settings.
 *
 * @module
 */

import type { KindRange } from "../../nostr/kind.ts";
import type { KindAge, RetentionRules } from "../../store/write/retention.ts";
import { readPublicKeys } from "../settings/key_text.ts";
import type { Settings } from "../settings/setting_list.ts";

const SECONDS_PER_DAY = 86_400;
const BYTES_PER_MIB = 1_048_576;
const ALL_KINDS: KindRange = { first: 0, last: 65_535 };

/** The rules of the section `[retention]`. */
export function retentionRules({ retention }: Settings): RetentionRules {
  return {
    ages: [
      ...retention.kind_age_days.map(kindAge),
      { kinds: ALL_KINDS, maxAgeS: seconds(retention.max_age_days) },
    ],
    maxBytes: orInfinite(retention.max_total_mib) * BYTES_PER_MIB,
    keptKinds: retention.kept_kinds.map(kindRange),
    keptAuthors: new Set(readPublicKeys("retention.kept_authors", retention.kept_authors)),
  };
}

/** How often the store is scanned for events that are not to be kept, milliseconds. */
export function sweepIntervalMs({ retention }: Pick<Settings, "retention">): number {
  return retention.sweep_interval_s * 1_000;
}

/** Parses `7=90` or `30000-39999=0`. */
function kindAge(text: string): KindAge {
  const [kinds = "", days] = text.split("=");
  return { kinds: kindRange(kinds), maxAgeS: seconds(Number(days)) };
}

/** Parses `7` or `30000-39999`. */
export function kindRange(text: string): KindRange {
  const [first, last = first] = text.split("-").map(Number);
  return { first: first!, last: last! };
}

function seconds(days: number): number {
  return orInfinite(days) * SECONDS_PER_DAY;
}

/** In the settings 0 means no bound. */
function orInfinite(value: number): number {
  return value === 0 ? Infinity : value;
}
