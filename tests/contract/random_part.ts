/**
 * How much of what chance draws a store goes through.
 *
 * @module
 */

/** For a store whose SQL another one goes through all random rounds with, each time with another seed. */
export const FEWER = 1 / 3;

/**
 * How many events such a part is drawn from: `all` of them, or a third. They take longer to write than to
 * be asked for, and a store that answers fewer questions needs no more of them.
 */
export function eventsFor(part: number, all: number): number {
  return part < 1 ? Math.round(all * FEWER) : all;
}
