/**
 * Rows as a Postgres server sends them.
 *
 * @module
 */

import type { Cells, Statement } from "./database.ts";

const BACKSLASH_X = 2;

/**
 * What the rows of a statement mean. The driver's list carries more than rows; what leaves here is a plain
 * array. It begins with as many holes as rows had come of the query before on the same connection, if that
 * failed or was cancelled in their midst: the driver goes on counting.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { Buffer } from "node:buffer";
 * import { readRows } from "./raw_cells.ts";
 *
 * const rows = [, [Buffer.from("42")]];
 * deepEqual(readRows(rows, { read: (cells) => cells.integer(0) }), [42]);
 * ```
 */
export function readRows<Row>(
  rows: Iterable<readonly Buffer[] | undefined>,
  { read }: Pick<Statement<Row>, "read">,
): readonly Row[] {
  return Array.from(rows).flatMap((cells) =>
    cells === undefined ? [] : [read(new RawCells(cells))]
  );
}

/**
 * One row as the server sent it: for each column the bytes of its text form.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { Buffer } from "node:buffer";
 * import { RawCells } from "./raw_cells.ts";
 *
 * const cells = new RawCells(["\\x00ff", "42"].map((text) => Buffer.from(text)));
 * equal(cells.hex(0), "00ff");
 * equal(cells.integer(1), 42);
 * ```
 */
export class RawCells implements Cells {
  readonly #cells: readonly Buffer[];

  constructor(cells: readonly Buffer[]) {
    this.#cells = cells;
  }

  hex(column: number): string {
    return this.#cells[column]!.toString("latin1", BACKSLASH_X);
  }

  integer(column: number): number {
    return Number(this.#cells[column]!.toString("latin1"));
  }

  text(column: number): string {
    return this.#cells[column]!.toString("utf8");
  }

  utf8(column: number): Uint8Array {
    // The cell is a view of all that one read of the socket brought; a copy lets that go.
    return new Uint8Array(this.#cells[column]!);
  }
}
