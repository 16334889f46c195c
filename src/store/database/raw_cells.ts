/**
 * Rows in the form in which a Postgres server sends them.
 *
 * @module
 */

import type { Cells, Statement } from "./database.ts";

const BACKSLASH_X = 2;

/**
 * Decodes the rows of a statement into a plain array; the driver's array carries more than rows. If
 * the previous query on the connection failed or was cancelled after some rows, the driver's array
 * begins with as many holes, because the driver does not reset its index.
 */
export function readRows<Row>(
  rows: Iterable<readonly Buffer[] | undefined>,
  { read }: Pick<Statement<Row>, "read">,
): readonly Row[] {
  return Array.from(rows).flatMap((cells) =>
    cells === undefined ? [] : [read(new RawCells(cells))]
  );
}

/** One row: for each column the bytes of its text format. */
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
    // The cell is a view of the whole buffer of a socket read; a copy lets that be freed.
    return new Uint8Array(this.#cells[column]!);
  }
}
