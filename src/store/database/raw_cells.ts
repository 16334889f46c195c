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
