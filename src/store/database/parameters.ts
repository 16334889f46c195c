/**
 * Numbers the parameters of a statement while its text is being built.
 *
 * @module
 */

import type { Parameter } from "./database.ts";

/** Collects the values of `$1`, `$2` and so on. */
export class Parameters {
  readonly values: Parameter[] = [];

  /** Adds a value and returns its placeholder. */
  add(value: Parameter): string {
    return `$${this.values.push(value)}`;
  }
}
