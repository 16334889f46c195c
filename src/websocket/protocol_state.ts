/**
 * The states of a connection, as a table of transitions.
 *
 * ```text
 *            close sent             close received, fault, end of input
 *   open ─────────────────▶ closing ──────────────────────────────────▶ closed
 *     └───────────────────────────────────────────────────────────────▶
 *            close received (and answered), fault, end of input
 * ```
 *
 * Open sends and receives. Closing has sent its close frame, sends nothing more and waits for the
 * peer's; what the peer sent before it saw ours still arrives. Closed reads nothing: what is queued
 * leaves, then the transport ends.
 *
 * @see RFC 6455 §7.1
 * @module
 */

import { assert } from "../base/assert.ts";

/** The state of a connection, seen from this end. */
export type ProtocolState = "open" | "closing" | "closed";

/** A step that changes the state. */
export type ProtocolStep = "close sent" | "close received" | "fault" | "end of input";

const table: Readonly<Record<ProtocolState, Partial<Record<ProtocolStep, ProtocolState>>>> = {
  open: {
    "close sent": "closing",
    "close received": "closed",
    "fault": "closed",
    "end of input": "closed",
  },
  closing: {
    "close received": "closed",
    "fault": "closed",
    "end of input": "closed",
  },
  closed: {
    "end of input": "closed",
  },
};

/**
 * The state that follows `state` after `step`. A pair that the table lacks is a bug of ours: what a
 * peer does wrong arrives here as the step "fault".
 */
export function nextState(state: ProtocolState, step: ProtocolStep): ProtocolState {
  const next = table[state][step];
  assert(next !== undefined, `a connection that is ${state} knows the step "${step}"`);
  return next;
}
