/**
 * Why something was refused, in the words that machines read.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

/**
 * The first word of a reason. All stand in NIP-01's list but three: `auth-required` is NIP-42's, `closed`
 * NIP-77's, and `unsupported` appears in NIP-01's example of CLOSED alone.
 */
export type Prefix =
  | "auth-required"
  | "blocked"
  | "closed"
  | "duplicate"
  | "error"
  | "invalid"
  | "mute"
  | "pow"
  | "rate-limited"
  | "restricted"
  | "unsupported";

/** One reason: a word for the client's program, a sentence for its user. */
export interface Reason {
  /** The word for the client's program. */
  readonly prefix: Prefix;
  /** What was wrong, in a few plain words. Never empty. */
  readonly text: string;
}

/**
 * Makes a reason.
 *
 * @example
 * ```ts
 * import { reason } from "./reason.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(reason("invalid", "bad id"), { prefix: "invalid", text: "bad id" });
 * ```
 */
export function reason(prefix: Prefix, text: string): Reason {
  return { prefix, text };
}

/**
 * The reason as it stands in OK and CLOSED.
 *
 * @see NIP-01 "From relay to client"
 *
 * @example
 * ```ts
 * import { reason, reasonText } from "./reason.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(reasonText(reason("invalid", "bad id")), "invalid: bad id");
 * ```
 */
export function reasonText(reason: Reason): string {
  return `${reason.prefix}: ${reason.text}`;
}
