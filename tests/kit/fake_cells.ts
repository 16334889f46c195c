/**
 * A row given as text.
 *
 * @module
 */

import { utf8 } from "../../src/base/bytes.ts";
import type { Cells } from "../../src/store/database/database.ts";

/** The text of each column. */
export class FakeCells implements Cells {
  readonly #texts: readonly string[];

  constructor(...texts: readonly string[]) {
    this.#texts = texts;
  }

  hex(column: number): string {
    return this.text(column);
  }

  integer(column: number): number {
    return Number(this.text(column));
  }

  text(column: number): string {
    return this.#texts[column]!;
  }

  utf8(column: number): Uint8Array {
    return utf8(this.text(column));
  }
}
