/**
 * Reads the configuration files of strfry: JSON with names, commas and outer braces left out as one
 * likes (taocpp/config). References, extensions, additions and `delete`, which take a program to work
 * out, are faults that say so.
 *
 * @see https://github.com/taocpp/config/blob/main/doc/Writing-Config-Files.md
 * @module
 */

/** A value, and the line, from 1, where it stands. */
export interface TaoNode {
  readonly line: number;
  readonly value: TaoValue;
}

/** The members of an object, by name. */
export type TaoObject = ReadonlyMap<string, TaoNode>;

/** What a node holds. */
type TaoValue = string | number | boolean | null | readonly TaoNode[] | TaoObject;

/** The file, or its first fault with its line from 1. */
type ReadTao =
  | { readonly members: TaoObject }
  | { readonly fault: string; readonly line: number };

/** How deep objects and arrays may be nested. */
const MAX_DEPTH = 32;

/** Reads a whole file. */
export function readTaoConfig(text: string): ReadTao {
  const reader = new Reader(text);
  try {
    return { members: reader.document() };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { fault: error.message, line: reader.line };
  }
}

/** Whether a value is an object. */
export function isTaoObject(value: TaoValue): value is TaoObject {
  return value instanceof Map;
}

/** A node as a value of JSON. */
export function jsonOf({ value }: TaoNode): unknown {
  if (isTaoObject(value)) {
    return Object.fromEntries([...value].map(([name, node]) => [name, jsonOf(node)]));
  }
  return Array.isArray(value) ? value.map(jsonOf) : value;
}

/** A fault of the text. Only {@link readTaoConfig} sees it. */
class Fault extends Error {}

type Members = Map<string, TaoNode>;

const escapes: Readonly<Record<string, string>> = {
  ...{ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", 0: "\0" },
  ...{ "\\": "\\", "/": "/", '"': '"', "'": "'" },
};

const literals: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

class Reader {
  readonly #text: string;
  #at = 0;
  #countedTo = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The line of the next character. */
  get line(): number {
    for (; this.#countedTo < this.#at; this.#countedTo++) {
      if (this.#text[this.#countedTo] === "\n") this.#line++;
    }
    return this.#line;
  }

  document(): TaoObject {
    const members: Members = new Map();
    this.#skipBlank();
    if (this.#skip("{")) {
      this.#members(members, "}", 1);
      this.#skipBlank();
      if (this.#at < this.#text.length) throw this.#unexpected("the end of the file");
    } else {
      this.#members(members, undefined, 1);
    }
    return members;
  }

  /** Reads members up to `end`, or up to the end of the file. */
  #members(into: Members, end: string | undefined, depth: number): void {
    for (;;) {
      this.#skipBlank();
      if (end !== undefined && this.#skip(end)) return;
      if (this.#at >= this.#text.length) {
        if (end === undefined) return;
        throw new Fault(`the file ends before a ${end} that closes what was opened`);
      }
      this.#member(into, depth);
      this.#skipBlank();
      this.#skip(",");
    }
  }

  #member(outer: Members, outerDepth: number): void {
    let into = outer;
    let depth = outerDepth;
    let name = this.#name();
    for (this.#skipBlank(); this.#skip("."); this.#skipBlank()) {
      if (depth++ >= MAX_DEPTH) throw new Fault(TOO_DEEP);
      into = this.#objectIn(into, name);
      this.#skipBlank();
      name = this.#name();
    }
    if (this.#text.startsWith("+=", this.#at)) throw new Fault(notUnderstood("an addition (+=)"));
    if (this.#skip("=") || this.#skip(":")) {
      this.#skipBlank();
      into.set(name, this.#value(depth));
    } else if (this.#skip("{")) {
      // Objects of one name are one object.
      if (depth >= MAX_DEPTH) throw new Fault(TOO_DEEP);
      this.#members(this.#objectIn(into, name), "}", depth + 1);
    } else {
      throw this.#unexpected(`= or { after ${JSON.stringify(name)}`);
    }
  }

  /** The object of that name, made where there is none. */
  #objectIn(into: Members, name: string): Members {
    const found = into.get(name)?.value;
    if (found instanceof Map) return found;
    const made: Members = new Map();
    into.set(name, { line: this.line, value: made });
    return made;
  }

  #value(depth: number): TaoNode {
    const { line } = this;
    const value = this.#plain(depth);
    this.#skipBlank();
    if (this.#text[this.#at] === "+") throw new Fault(notUnderstood("an addition (+)"));
    return { line, value };
  }

  #plain(depth: number): TaoValue {
    const next = this.#text[this.#at] ?? "";
    if (next === '"' || next === "'") return this.#string();
    if (next === "{" || next === "[") {
      if (depth >= MAX_DEPTH) throw new Fault(TOO_DEEP);
      this.#at++;
      return next === "{" ? this.#object(depth + 1) : this.#array(depth + 1);
    }
    const word = this.#match(/[A-Za-z_]\w*/y);
    if (word !== undefined) {
      if (Object.hasOwn(literals, word)) return literals[word]!;
      throw new Fault(notUnderstood(word === "delete" ? "delete" : `the word ${word}`));
    }
    return this.#number();
  }

  #object(depth: number): TaoObject {
    const members: Members = new Map();
    this.#members(members, "}", depth);
    return members;
  }

  #array(depth: number): readonly TaoNode[] {
    const items: TaoNode[] = [];
    for (;;) {
      this.#skipBlank();
      if (this.#skip("]")) return items;
      items.push(this.#value(depth));
      this.#skip(",");
    }
  }

  #number(): number {
    const text = this.#match(/[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y);
    if (text === undefined) throw this.#unexpected("a value");
    const [digits = "", sign] = /^[+-]/.test(text) ? [text.slice(1), text[0]] : [text];
    return sign === "-" ? -Number(digits) : Number(digits);
  }

  #name(): string {
    const next = this.#text[this.#at];
    if (next === '"' || next === "'") return this.#string();
    const name = this.#match(/[A-Za-z_]\w*/y);
    if (name === undefined) throw this.#unexpected("a name");
    return name;
  }

  #string(): string {
    const quote = this.#text[this.#at++]!;
    const parts: string[] = [];
    for (let from = this.#at;;) {
      const next = this.#text[this.#at];
      if (next === undefined || next === "\n") {
        throw new Fault(`a text that begins with ${quote} does not end in its line`);
      }
      if (next !== quote && next !== "\\") {
        this.#at++;
        continue;
      }
      parts.push(this.#text.slice(from, this.#at++));
      // A surrogate by itself is no text, in TOML neither.
      if (next === quote) return parts.join("").toWellFormed();
      parts.push(this.#escaped());
      from = this.#at;
    }
  }

  /** What stands for the characters behind a backslash. */
  #escaped(): string {
    const simple = escapes[this.#text[this.#at] ?? ""];
    if (simple !== undefined) {
      this.#at++;
      return simple;
    }
    const code = this.#match(/u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}/y);
    const point = code === undefined ? NaN : parseInt(code.replace(/[ux{}]/g, ""), 16);
    if (!(point <= 0x10ffff)) throw this.#unexpected("a character that may follow a backslash");
    return code!.startsWith("u{") ? String.fromCodePoint(point) : String.fromCharCode(point);
  }

  #skip(what: string): boolean {
    if (!this.#text.startsWith(what, this.#at)) return false;
    this.#at += what.length;
    return true;
  }

  /** Skips white space and comments. */
  #skipBlank(): void {
    for (;;) {
      const before = this.#at;
      this.#match(/[\s\uFEFF]+/y);
      if (this.#skip("#") || this.#skip("//")) this.#skipTo("\n");
      else if (this.#skip("/*") && !this.#skipTo("*/")) {
        throw new Fault("the file ends before a */ that closes a comment");
      }
      if (this.#at === before) return;
    }
  }

  /** Skips up to and including `end`, or to the end of the file. Whether it was there. */
  #skipTo(end: string): boolean {
    const found = this.#text.indexOf(end, this.#at);
    this.#at = found === -1 ? this.#text.length : found + end.length;
    return found !== -1;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #unexpected(expected: string): Fault {
    const found = this.#text[this.#at];
    if (found === "(") return new Fault(notUnderstood("a reference or an extension ( )"));
    const what = found === undefined ? "the end of the file" : JSON.stringify(found);
    return new Fault(`found ${what}, expected ${expected}`);
  }
}

const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels`;

function notUnderstood(what: string): string {
  return `${what} is not understood here: write its value out`;
}
