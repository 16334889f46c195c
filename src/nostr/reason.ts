/**
 * Machine-readable reasons for OK, CLOSED and NEG-ERR.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

/**
 * The prefix of a reason. All are listed in NIP-01 except `auth-required` of NIP-42, `closed` of
 * NIP-77, and `unsupported`, which appears only in NIP-01's example of CLOSED.
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

/** Why something was refused: a prefix for programs and a text for people. */
export interface Reason {
  /** The machine-readable prefix. */
  readonly prefix: Prefix;
  /** What was wrong, for people. Never empty. */
  readonly text: string;
}

/**
 * Creates a reason.
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
 * Formats a reason for OK and CLOSED.
 *
 * @see NIP-01 "From relay to client"
 */
export function reasonText(reason: Reason): string {
  return `${reason.prefix}: ${reason.text}`;
}
