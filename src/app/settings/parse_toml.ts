/**
 * TOML to a value. The only file that knows the TOML library.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";

/** The document, or its first fault of syntax with line and column from 1. */
export type ParsedToml =
  | { readonly table: Readonly<Record<string, unknown>> }
  | { readonly fault: string; readonly line: number; readonly column: number };

/**
 * Parses a TOML document.
 */
export function parseToml(text: string): ParsedToml {
  try {
    return { table: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { fault: faultOf(error), line: error.line, column: error.column };
  }
}

/** The library's sentence without the heading and the drawing that it puts around it. */
function faultOf(error: TomlError): string {
  const sentence = error.message.split("\n", 1)[0] ?? "";
  return `not TOML: ${sentence.replace(/^Invalid TOML document: /, "")}`;
}
