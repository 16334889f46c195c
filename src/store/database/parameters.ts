/**
 * The parameters of a statement while its text is being written.
 *
 * @module
 */

import type { Parameter } from "./database.ts";

/**
 * Collects the values of `$1`, `$2` and so on.
 */
export class Parameters {
  readonly values: Parameter[] = [];

  /** The name by which the text refers to `value`. */
  add(value: Parameter): string {
    return `$${this.values.push(value)}`;
  }
}
