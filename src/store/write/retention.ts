/**
 * Which stored events are worth keeping.
 *
 * @module
 */

import type { Place } from "../read/scan.ts";
import type { SurveyedEvent } from "./upkeep.ts";

/** Kinds from the first to the last, inclusive. */
export interface KindRange {
  readonly first: number;
  readonly last: number;
}

/** How long events of some kinds are kept. */
export interface KindAge {
  readonly kinds: KindRange;
  /** Seconds since `created_at`; infinite for ever. */
  readonly maxAgeS: number;
}

/** What an operator wants to keep. */
export interface RetentionRules {
  /** The first one that names a kind counts for it. What none names is kept. */
  readonly ages: readonly KindAge[];
  /** The JSON of all events together, bytes: the oldest beyond go. May be infinite. */
  readonly maxBytes: number;
  /** Kinds that are kept whatever their age and size. */
  readonly keptKinds: readonly KindRange[];
  /** Authors whose events are. */
  readonly keptAuthors: ReadonlySet<string>;
}

/** Before the first of all events in the order of answers. */
const NEWEST: Place = { createdAt: Number.MAX_SAFE_INTEGER + 1, id: "" };

/**
 * One look at all stored events, the newest first, to find those that are to go.
 */
export class RetentionSweep {
  /** Where the sweep begins: nothing before it can be condemned. */
  readonly start: Place;
  readonly #rules: RetentionRules;
  readonly #nowS: number;
  /** Of the events that were kept so far. */
  #keptBytes = 0;

  constructor(rules: RetentionRules, nowS: number) {
    this.#rules = rules;
    this.#nowS = nowS;
    // What counts the bytes has to see them all.
    this.start = rules.maxBytes < Infinity
      ? NEWEST
      : { createdAt: oldestSafe(rules, nowS), id: "" };
  }

  /** Whether there is anything to look for. */
  get isNeeded(): boolean {
    return this.start.createdAt >= 0;
  }

  /** Whether the event is to go. To be asked of each event once, in the order of the survey. */
  condemns(event: SurveyedEvent): boolean {
    const isKept = isExempt(event, this.#rules) ||
      (!isTooOld(event, this.#rules, this.#nowS) &&
        this.#keptBytes + event.bytes <= this.#rules.maxBytes);
    if (isKept) this.#keptBytes += event.bytes;
    return !isKept;
  }
}

/** By what the rules tell whether an event is too old. */
export type Dated = Pick<SurveyedEvent, "pubkey" | "kind" | "createdAt">;

/**
 * Whether the rules keep no event of this age, kind and author.
 */
export function isTooOld(event: Dated, rules: RetentionRules, nowS: number): boolean {
  const age = rules.ages.find(({ kinds }) => isIn(kinds, event.kind));
  return age !== undefined && nowS - event.createdAt > age.maxAgeS && !isExempt(event, rules);
}

function isExempt({ kind, pubkey }: Dated, { keptKinds, keptAuthors }: RetentionRules): boolean {
  return keptAuthors.has(pubkey) || keptKinds.some((range) => isIn(range, kind));
}

/** Events that are at least this new are no rule's; below 0 when no event is too old. */
function oldestSafe({ ages }: RetentionRules, nowS: number): number {
  return nowS - Math.min(Infinity, ...ages.map(({ maxAgeS }) => maxAgeS));
}

function isIn({ first, last }: KindRange, kind: number): boolean {
  return kind >= first && kind <= last;
}
