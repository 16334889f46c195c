/**
 * Decides which stored events are kept.
 *
 * @module
 */

import { isInRange, type KindRange } from "../../nostr/kind.ts";
import type { Place } from "../read/scan.ts";
import type { SurveyedEvent } from "./upkeep.ts";

/** How long events of some kinds are kept. */
export interface KindAge {
  readonly kinds: KindRange;
  /** Seconds since `created_at`; infinite to keep them for ever. */
  readonly maxAgeS: number;
}

/** The retention settings. */
export interface RetentionRules {
  /** The first entry that contains a kind applies. A kind without an entry is kept for ever. */
  readonly ages: readonly KindAge[];
  /**
   * The JSON of all events together, bytes; the oldest events beyond it are removed. May be
   * infinite.
   */
  readonly maxBytes: number;
  /** Kinds that are kept whatever their age and size. */
  readonly keptKinds: readonly KindRange[];
  /** Authors whose events are kept whatever their age and size. */
  readonly keptAuthors: ReadonlySet<string>;
}

/** Before every event in the order of answers. */
const NEWEST: Place = { createdAt: Number.MAX_SAFE_INTEGER + 1, id: "" };

/** One pass over all stored events, newest first, that finds those to remove. */
export class RetentionSweep {
  /** Where the survey begins: no event before this place has to be removed. */
  readonly start: Place;
  readonly #rules: RetentionRules;
  readonly #nowS: number;
  /** The JSON of the events kept so far, bytes. */
  #keptBytes = 0;

  constructor(rules: RetentionRules, nowS: number) {
    this.#rules = rules;
    this.#nowS = nowS;
    // With a limit on bytes, all events have to be counted.
    this.start = rules.maxBytes < Infinity
      ? NEWEST
      : { createdAt: oldestSafe(rules, nowS), id: "" };
  }

  /** Whether the rules can remove anything. */
  get isNeeded(): boolean {
    return this.start.createdAt >= 0;
  }

  /** Whether the event is to be removed. Call it once for each event, in the order of the survey. */
  condemns(event: SurveyedEvent): boolean {
    const isKept = isExempt(event, this.#rules) ||
      (!isTooOld(event, this.#rules, this.#nowS) &&
        this.#keptBytes + event.bytes <= this.#rules.maxBytes);
    if (isKept) this.#keptBytes += event.bytes;
    return !isKept;
  }
}

/** The fields that decide whether an event is too old. */
type Dated = Pick<SurveyedEvent, "pubkey" | "kind" | "createdAt">;

/** Whether the event is older than the rules allow for its kind and author. */
export function isTooOld(event: Dated, rules: RetentionRules, nowS: number): boolean {
  const age = rules.ages.find(({ kinds }) => isInRange(kinds, event.kind));
  return age !== undefined && nowS - event.createdAt > age.maxAgeS && !isExempt(event, rules);
}

function isExempt({ kind, pubkey }: Dated, { keptKinds, keptAuthors }: RetentionRules): boolean {
  return keptAuthors.has(pubkey) || keptKinds.some((range) => isInRange(range, kind));
}

/** No rule removes an event at least this new. Below 0 when no event can be too old. */
function oldestSafe({ ages }: RetentionRules, nowS: number): number {
  return nowS - Math.min(Infinity, ...ages.map(({ maxAgeS }) => maxAgeS));
}
