/**
 * Suggests a setting name for a misspelt one.
 *
 * @module
 */

/** More than one typing error, so that of two names that begin alike the misspelt one is suggested. */
const PREFIX_DISTANCE = 1.5;

/**
 * The full setting name most similar to `name`, or undefined if none is close: one with `name` as a
 * prefix or the reverse (a unit left out), one a few typing errors away, or the same key in another
 * section.
 */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let nearestDistance = Math.max(2, Math.floor(name.length / 5)) + 1;
  let sameKey: string | undefined;
  for (const candidate of names) {
    if (keyOf(candidate) === keyOf(name)) sameKey ??= candidate;
    const begins = (name !== "" && candidate.startsWith(name)) || name.startsWith(candidate);
    const distance = Math.min(begins ? PREFIX_DISTANCE : Infinity, editDistance(name, candidate));
    if (distance >= nearestDistance) continue;
    nearest = candidate;
    nearestDistance = distance;
  }
  return nearest ?? sameKey;
}

/** The part of a full setting name after the section. */
function keyOf(name: string): string {
  return name.slice(name.indexOf(".") + 1);
}

/**
 * The edit distance in insertions, deletions, substitutions and swaps of neighbours (optimal string
 * alignment).
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = last[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      const swaps = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = swaps ? beforeLast[column - 2]! + 1 : Infinity;
      current.push(Math.min(replaced, swapped, last[column]! + 1, current[column - 1]! + 1));
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
