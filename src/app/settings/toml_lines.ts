/**
 * Where a key stands in a TOML text. The parser says it for errors of syntax only; an operator wants
 * the line of a wrong value too.
 *
 * This is not a second parser: it is given texts that have been parsed already, so it needs to know
 * only what can hold a key (tables, dotted keys, inline tables) and what can hide something that looks
 * like one (strings, arrays, comments).
 *
 * @see https://toml.io/en/v1.0.0
 * @module
 */

/**
 * The line, from 1, on which each key and each table of `toml` first stands, by dotted name. `toml` has
 * been parsed without an error.
 */
export function tomlLines(toml: string): ReadonlyMap<string, number> {
  const scan = new Scan(toml);
  let table: readonly string[] = [];
  for (scan.skipBlank(); !scan.ended; scan.skipBlank()) {
    if (scan.skip("[")) {
      scan.skip("[");
      table = scan.keyPath([]);
      while (scan.skip("]"));
    } else {
      scan.pair(table);
    }
  }
  return scan.lines;
}

/** A walk through the text, and what was met on the way. */
class Scan {
  /** The lines found so far, by dotted name. */
  readonly lines = new Map<string, number>();
  readonly #text: string;
  #offset = 0;
  /** How far lines have been counted, and how many there were. */
  #countedOffset = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#offset >= this.#text.length;
  }

  /** Steps over `what` if it comes next. */
  skip(what: string): boolean {
    if (!this.#text.startsWith(what, this.#offset)) return false;
    this.#offset += what.length;
    return true;
  }

  /** Steps over white space, line ends and comments. */
  skipBlank(): void {
    this.#skipPattern(/(?:[\s\uFEFF]+|#[^\n]*)*/y);
  }

  /** `key = value`, which stands in `table`. */
  pair(table: readonly string[]): void {
    const path = this.keyPath(table);
    this.skip("=");
    this.#value(path);
  }

  /** A dotted key, noted down with its line; the whole path of names from the root on. */
  keyPath(table: readonly string[]): readonly string[] {
    const path = [...table];
    do {
      this.#skipSpace();
      path.push(this.#name());
      this.#skipSpace();
      this.#note(path.join("."));
    } while (this.skip("."));
    return path;
  }

  #value(path: readonly string[]): void {
    this.skipBlank();
    if (this.skip("{")) this.#items("}", () => this.pair(path));
    else if (this.skip("[")) this.#items("]", () => this.#value(path));
    else if (!this.#skipString()) this.#skipPattern(/[^,\]}\n#]+|[^]/y);
  }

  /** What stands between brackets, separated by commas, up to `end`. */
  #items(end: string, item: () => void): void {
    for (;;) {
      this.skipBlank();
      if (this.skip(end) || this.ended) return;
      if (!this.skip(",")) item();
    }
  }

  #name(): string {
    const start = this.#offset;
    if (this.#skipString()) return this.#text.slice(start + 1, this.#offset - 1);
    this.#skipPattern(/[A-Za-z0-9_-]+/y);
    return this.#text.slice(start, this.#offset);
  }

  #skipString(): boolean {
    return this.#skipPattern(/"""(?:\\[^]|[^\\])*?"{3,5}|'''[^]*?'{3,5}/y) ||
      this.#skipPattern(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y);
  }

  #skipSpace(): void {
    this.#skipPattern(/[ \t]*/y);
  }

  #skipPattern(pattern: RegExp): boolean {
    pattern.lastIndex = this.#offset;
    if (!pattern.test(this.#text)) return false;
    this.#offset = pattern.lastIndex;
    return true;
  }

  #note(name: string): void {
    for (; this.#countedOffset < this.#offset; this.#countedOffset++) {
      if (this.#text[this.#countedOffset] === "\n") this.#line++;
    }
    if (!this.lines.has(name)) this.lines.set(name, this.#line);
  }
}
