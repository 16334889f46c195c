/**
 * A sorted list of very many numbers, in pieces.
 *
 * @module
 */

/** How many numbers a piece holds. To add one moves a piece, at most. */
const PIECE_LENGTH = 1_024;

/** Memory of a piece, bytes. */
const PIECE_COST = 4 * PIECE_LENGTH + 300;

/** A part of an array, from `start` to before `end`. */
export interface Piece {
  readonly entries: Uint32Array;
  readonly start: number;
  readonly end: number;
}

interface OwnPiece extends Piece {
  start: number;
  end: number;
}

/** Less than zero when `a` comes before `b`. */
export type Order = (a: number, b: number) => number;

/**
 * Adds and deletes in the middle without moving all that follows. At both ends nothing is moved.
 */
export class LongList {
  readonly #order: Order;
  readonly #pieces: OwnPiece[] = [];

  /** A list of sorted numbers, at least one. */
  constructor(numbers: Uint32Array, order: Order) {
    this.#order = order;
    for (let from = 0; from < numbers.length; from += PIECE_LENGTH) {
      const piece = pieceFrom(0);
      const part = numbers.subarray(from, from + PIECE_LENGTH);
      piece.entries.set(part);
      piece.end = part.length;
      this.#pieces.push(piece);
    }
  }

  /** The memory of the pieces, bytes. */
  get bytes(): number {
    return PIECE_COST * this.#pieces.length;
  }

  /** The pieces in order; none is empty. Valid until something is added or deleted. */
  get pieces(): readonly Piece[] {
    return this.#pieces;
  }

  /** Adds a number that is not in the list. */
  add(number: number): void {
    const at = this.#pieceFor(number);
    const piece = this.#pieces[at]!;
    const place = this.#placeIn(piece, number);
    if (place === piece.start && piece.start > 0) piece.entries[--piece.start] = number;
    else if (piece.end < PIECE_LENGTH) {
      piece.entries.copyWithin(place + 1, place, piece.end++);
      piece.entries[place] = number;
    } else if (piece.start > 0) {
      piece.entries.copyWithin(piece.start - 1, piece.start--, place);
      piece.entries[place - 1] = number;
    } else this.#addToFull(at, place, number);
  }

  /** Deletes a number that is in the list. */
  delete(number: number): void {
    const at = this.#pieceFor(number);
    const piece = this.#pieces[at]!;
    const place = this.#placeIn(piece, number);
    if (place === piece.start) piece.start++;
    else piece.entries.copyWithin(place, place + 1, piece.end--);
    const length = piece.end - piece.start;
    if (length === 0) this.#pieces.splice(at, 1);
    else if (length < PIECE_LENGTH / 4) this.#merge(at);
  }

  /** The last piece that does not begin after the number; else the first. */
  #pieceFor(number: number): number {
    let [low, high] = [1, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { entries, start } = this.#pieces[middle]!;
      if (this.#order(entries[start]!, number) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Where in a piece a number is or belongs. */
  #placeIn({ entries, start, end }: Piece, number: number): number {
    let [low, high] = [start, end];
    // Mostly at the end.
    if (this.#order(entries[end - 1]!, number) < 0) return end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order(entries[middle]!, number) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Begins another piece at an end of a full one, or cuts that in two. */
  #addToFull(at: number, place: number, number: number): void {
    const full = this.#pieces[at]!;
    const isAtEnd = place === full.end;
    const other = pieceFrom(place === 0 ? PIECE_LENGTH : 0);
    this.#pieces.splice(place === 0 ? at : at + 1, 0, other);
    if (place === 0) other.entries[--other.start] = number;
    else if (isAtEnd) other.entries[other.end++] = number;
    else {
      const middle = PIECE_LENGTH / 2;
      other.entries.set(full.entries.subarray(middle));
      other.end = PIECE_LENGTH - middle;
      full.end = middle;
      this.add(number);
    }
  }

  /** Joins a short piece with the one that follows it, or that it follows, where that is short, too. */
  #merge(at: number): void {
    const first = at + 1 < this.#pieces.length ? at : at - 1;
    const [a, b] = [this.#pieces[first], this.#pieces[first + 1]];
    if (a === undefined || b === undefined) return;
    const length = a.end - a.start + b.end - b.start;
    if (length > PIECE_LENGTH / 2) return;
    const joined = pieceFrom(0);
    joined.entries.set(a.entries.subarray(a.start, a.end));
    joined.entries.set(b.entries.subarray(b.start, b.end), a.end - a.start);
    joined.end = length;
    this.#pieces.splice(first, 2, joined);
  }
}

function pieceFrom(start: number): OwnPiece {
  return { entries: new Uint32Array(PIECE_LENGTH), start, end: start };
}
