/**
 * Decimal numbers where each number has one spelling.
 *
 * @module
 */

/**
 * The number that `text` spells, from 0 to `max`; undefined if it is anything but digits or has a
 * leading zero, which some parsers read as octal.
 */
export function parseDecimal(text: string, max: number): number | undefined {
  if (!decimal.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

const decimal = /^(?:0|[1-9]\d*)$/;
