/**
 * What one connection did, for the log.
 *
 * @module
 */

/** Counts of one connection since it was opened. */
export interface SessionTally {
  /** Messages received, whatever they were. */
  messages: number;
  /** Events published and answered with OK true. */
  accepted: number;
  /** Events and requests refused. */
  refused: number;
  /** Events sent, stored and live. */
  events: number;
}

/** Counts at zero. */
export function zeroTally(): SessionTally {
  return { messages: 0, accepted: 0, refused: 0, events: 0 };
}
