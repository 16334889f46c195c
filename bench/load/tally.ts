/**
 * Counts by reason what was answered otherwise than hoped.
 *
 * @module
 */

/** How often, and one of the texts. */
export interface TallyEntry {
  readonly count: number;
  /** Without control characters, cut to 120 characters; empty where there was no text. */
  readonly example: string;
}

/** By reason. */
export type TallyEntries = Readonly<Record<string, TallyEntry>>;

/** Reasons that are told apart; a relay may make up as many as it likes. */
const MAX_REASONS = 40;
const MAX_EXAMPLE = 120;
/** Where reasons go that are too many. */
const OTHER = "other reasons";

/** A count for each reason. */
export class Tally {
  readonly #entries = new Map<string, { count: number; example: string }>();

  /** Counts `reason`; the first text of a reason is kept as its example. */
  add(reason: string, example = "", count = 1): void {
    if (count === 0) return;
    const name = this.#entries.has(reason) || this.#entries.size < MAX_REASONS ? reason : OTHER;
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.count += count;
    else this.#entries.set(name, { count, example: printable(example) });
  }

  /** Adds what another one counted. */
  addAll(entries: TallyEntries): void {
    for (const [reason, { count, example }] of Object.entries(entries)) {
      this.add(reason, example, count);
    }
  }

  /** The most frequent first. */
  entries(): TallyEntries {
    return Object.fromEntries(
      [...this.#entries].toSorted(([, a], [, b]) => b.count - a.count),
    );
  }
}

/** What a relay says may hold commands for the terminal. */
export function printable(text: string): string {
  return text.slice(0, MAX_EXAMPLE).replace(/\p{C}/gu, "?");
}

/**
 * The prefix of a message, such as `rate-limited` in `rate-limited: slow down`, or `no prefix`.
 *
 * @see NIP-01 "From relay to client"
 */
export function prefixOf(message: string): string {
  return /^([a-z][a-z-]{0,30}):/.exec(message)?.[1] ?? "no prefix";
}
