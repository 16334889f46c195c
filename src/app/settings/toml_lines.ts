/**
 * Finds the line of each key in a TOML text. The TOML parser reports positions for syntax errors
 * only; operators need the line of an invalid value too.
 *
 * The text has already been parsed, so this scanner needs to know only what can contain a key
 * (tables, dotted keys, inline tables) and what can contain text that looks like one (strings,
 * arrays, comments).
 *
 * @see https://toml.io/en/v1.0.0
 * @module
 */

/**
 * The line, from 1, of the first occurrence of each key and table, by dotted name. Tables of an array
 * are numbered from 1: `mirrors.relay[2].url`. `toml` must be valid.
 */
export function tomlLines(toml: string): ReadonlyMap<string, number> {
  const scan = new Scan(toml);
  let table: readonly string[] = [];
  for (scan.skipBlank(); !scan.ended; scan.skipBlank()) {
    if (scan.skip("[")) {
      const isArray = scan.skip("[");
      table = scan.keyPath([]);
      if (isArray) table = scan.nextTable(table);
      while (scan.skip("]"));
    } else {
      scan.pair(table);
    }
  }
  return scan.lines;
}

/** How many parts of a dotted key are told apart; settings have fewer. */
const MAX_PARTS = 8;

/** A scan through the text and the lines found. */
class Scan {
  /** Lines by dotted name. */
  readonly lines = new Map<string, number>();
  readonly #text: string;
  /** How many tables each array has so far, by dotted name. */
  readonly #tables = new Map<string, number>();
  #offset = 0;
  /** The offset up to which line ends were counted, and the line number there. */
  #countedOffset = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#offset >= this.#text.length;
  }

  /** Skips `what` if it comes next. */
  skip(what: string): boolean {
    if (!this.#text.startsWith(what, this.#offset)) return false;
    this.#offset += what.length;
    return true;
  }

  /** Skips white space, line ends and comments. */
  skipBlank(): void {
    this.#skipPattern(/(?:[\s\uFEFF]+|#[^\n]*)*/y);
  }

  /** Scans `key = value` inside `table`. */
  pair(table: readonly string[]): void {
    const path = this.keyPath(table);
    this.skip("=");
    this.#value(path);
  }

  /** Scans a dotted key and records its line; returns its full path. */
  keyPath(table: readonly string[]): readonly string[] {
    const path = [...table];
    do {
      this.#skipSpace();
      const name = this.#name();
      this.#skipSpace();
      if (path.length >= MAX_PARTS) continue;
      path.push(name);
      this.#note(path.join("."));
    } while (this.skip("."));
    return path;
  }

  /** The path of one more table of an array. */
  nextTable(path: readonly string[]): readonly string[] {
    const name = path.join(".");
    const number = (this.#tables.get(name) ?? 0) + 1;
    this.#tables.set(name, number);
    const numbered = [...path.slice(0, -1), `${path.at(-1)}[${number}]`];
    this.#note(numbered.join("."));
    return numbered;
  }

  #value(path: readonly string[]): void {
    this.skipBlank();
    if (this.skip("{")) this.#items("}", () => this.pair(path));
    else if (this.skip("[")) this.#items("]", () => this.#value(path));
    else if (!this.#skipString()) this.#skipPattern(/[^,\]}\n#]+|[^]/y);
  }

  /** Scans comma-separated items up to `end`. */
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
