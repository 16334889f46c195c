/**
 * What one connection did, for the log and for whoever looks at who does what.
 *
 * @module
 */

/** Counts of one connection since it was opened. */
export interface SessionTally {
  /** Messages received, whatever they were. */
  messages: number;
  /** Of these, EVENT. */
  published: number;
  /** Of these, REQ, COUNT and NEG-OPEN. */
  requests: number;
  /** Events published and answered with OK true. */
  accepted: number;
  /** Events and requests refused. */
  refused: number;
  /** Events sent, stored and live. */
  events: number;
}

/** Counts at zero. */
export function zeroTally(): SessionTally {
  return { messages: 0, published: 0, requests: 0, accepted: 0, refused: 0, events: 0 };
}

/** Counts a message by its verb. */
export function countVerb(tally: SessionTally, verb: string): void {
  if (verb === "EVENT") tally.published++;
  else if (verb === "REQ" || verb === "COUNT" || verb === "NEG-OPEN") tally.requests++;
}
