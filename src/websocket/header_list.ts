/**
 * Parses header values that are lists separated by commas.
 *
 * @see RFC 6455 §9.1
 * @see RFC 9110 §5.6
 * @module
 */

/** The characters of an HTTP token. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Whether a text is an HTTP token, which names of headers, subprotocols and extensions are.
 *
 * @see RFC 9110 §5.6.2
 */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** One extension that a client would like, with its parameters as they came, doubled ones too. */
export interface ExtensionOffer {
  /** The name of the extension. */
  readonly name: string;
  /** Name and value; true where there is a name alone. */
  readonly parameters: readonly (readonly [name: string, value: string | true])[];
}

/** The members of a list in order. Empty ones are skipped, as RFC 9110 §5.6.1 wants. */
export function listMembers(value: string): readonly string[] {
  return value.split(",").map((member) => member.trim()).filter((member) => member !== "");
}

/** Whether a list has a member, upper and lower case alike. */
export function hasMember(value: string, wanted: string): boolean {
  return listMembers(value).some((member) => member.toLowerCase() === wanted);
}

/**
 * The offers in a `Sec-WebSocket-Extensions` header, the client's favourite first; undefined if the
 * header does not follow the grammar. A quoted value must be a token once it is unquoted (§9.1), so
 * that a comma or semicolon inside quotes is never legal and splitting is safe.
 *
 * @example
 * ```ts
 * import { parseExtensions } from "./header_list.ts";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * deepEqual(parseExtensions("zip; level=9; fast, other"), [
 *   { name: "zip", parameters: [["level", "9"], ["fast", true]] },
 *   { name: "other", parameters: [] },
 * ]);
 * equal(parseExtensions("zip; =9"), undefined);
 * ```
 */
export function parseExtensions(value: string): readonly ExtensionOffer[] | undefined {
  const offers: ExtensionOffer[] = [];
  for (const member of listMembers(value)) {
    const offer = parseOffer(member);
    if (offer === undefined) return undefined;
    offers.push(offer);
  }
  return offers;
}

function parseOffer(member: string): ExtensionOffer | undefined {
  const [name = "", ...rest] = member.split(";").map((piece) => piece.trim());
  if (!token.test(name)) return undefined;
  const parameters: [string, string | true][] = [];
  for (const piece of rest) {
    const parameter = parseParameter(piece);
    if (parameter === undefined) return undefined;
    parameters.push(parameter);
  }
  return { name, parameters };
}

function parseParameter(piece: string): [string, string | true] | undefined {
  const equals = piece.indexOf("=");
  const name = (equals < 0 ? piece : piece.slice(0, equals)).trim();
  if (!token.test(name)) return undefined;
  if (equals < 0) return [name, true];
  const value = unquote(piece.slice(equals + 1).trim());
  return token.test(value) ? [name, value] : undefined;
}

function unquote(value: string): string {
  const quoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return quoted ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}
