/**
 * What another relay says when it does not do what it was asked.
 *
 * @module
 */

/**
 * Why a request to another relay failed.
 *
 * - `refused`: it said no, and perhaps why.
 * - `silent`: it did not answer in time.
 * - `gone`: the connection has ended.
 * - `misunderstood`: it answered with something that makes no sense.
 */
type RefusalKind = "refused" | "silent" | "gone" | "misunderstood";

/** The other relay refused, was silent or closed the connection. The message is for people. */
export class RemoteRefusal extends Error {
  override readonly name = "RemoteRefusal";
  readonly kind: RefusalKind;
  /** How many events the other relay reconciles at most, if it said so. */
  readonly maxEvents: number | undefined;

  constructor(message: string, kind: RefusalKind, maxEvents?: number) {
    super(message);
    this.kind = kind;
    this.maxEvents = maxEvents;
  }

  /** Whether the same request may succeed later. */
  get isRateLimit(): boolean {
    return this.kind === "refused" && hasPrefix(this.message, "rate-limited");
  }

  /** Whether the same request may succeed after AUTH. */
  get asksForAuth(): boolean {
    return this.kind === "refused" && hasPrefix(this.message, "auth-required");
  }
}

/**
 * Whether a reason has a prefix. Some relays write `ERROR: ` before it.
 *
 * @see NIP-01 "From relay to client"
 */
export function hasPrefix(reason: string, prefix: string): boolean {
  return reason.startsWith(`${prefix}:`) || reason.startsWith(`ERROR: ${prefix}:`);
}

/** The longest reason that is kept, characters. */
const REASON_CHARACTERS = 200;

/**
 * A text of another relay as one line: without control characters, which a terminal would obey, and
 * cut to length.
 */
export function oneLine(text: unknown): string {
  // An object of JSON may have a `toString` that is no function.
  const line = (typeof text === "object" ? "" : String(text ?? "")).slice(0, REASON_CHARACTERS);
  // deno-lint-ignore no-control-regex -- these are what is taken out
  return line.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}

/** Different reasons that are told apart. */
const MAX_REASONS = 50;

/** Where reasons beyond {@link MAX_REASONS} are counted. */
const OTHER_REASONS = "other reasons";

/** Counts one more of a reason. The other relay chooses the reasons, so their number is bounded. */
export function countReason(counts: Map<string, number>, reason: string): void {
  const isKnown = counts.has(reason) || counts.size < MAX_REASONS;
  const key = isKnown ? reason : OTHER_REASONS;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The prefixes that are told apart in counts: the other relay can write anything. */
const COUNTED_PREFIXES = [
  ...["auth-required", "blocked", "duplicate", "error", "invalid", "mute", "pow"],
  ...["rate-limited", "restricted", "unsupported"],
];

/** The prefix of a reason, or `other`. */
export function prefixOf(reason: string): string {
  return COUNTED_PREFIXES.find((prefix) => hasPrefix(reason, prefix)) ?? "other";
}
