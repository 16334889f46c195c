/**
 * The parameters of permessage-deflate: what an offer asks for, and what an answer grants.
 *
 * Both ends here begin each message with an empty window and expect the same of the other end. That
 * takes no memory for a connection, and it lets one deflated body serve many of them.
 *
 * @see RFC 7692 §7.1
 * @module
 */

import type { ExtensionOffer } from "./header_list.ts";

/** The name of the extension. */
export const deflateName = "permessage-deflate";

/** What RFC 7692 §7.1.2 lets a window be, as powers of two, both included. */
const smallestWindowBits = 8;
const largestWindowBits = 15;

/** The smallest window that a sender here can keep to: zlib makes no raw stream of less than 2^9. */
export const leastSendWindowBits = 9;

/** The parameters of one offer or answer. Those that are not there are undefined or false. */
interface DeflateParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  /** True where the name stands without a value, which an offer may do. */
  readonly clientMaxWindowBits: number | true | undefined;
}

/**
 * The parameters of a client's offer, or undefined for an offer that must be declined.
 *
 * @see RFC 7692 §7.1 "A server MUST decline an extension negotiation offer" with a parameter that is
 * unknown, has an invalid value, or comes twice
 */
export function parseDeflateOffer(
  parameters: ExtensionOffer["parameters"],
): DeflateParameters | undefined {
  return parse(parameters);
}

/**
 * The parameters of a server's answer, or undefined for one on which the connection must fail.
 *
 * @see RFC 7692 §7.1, the same conditions for "an extension negotiation response"
 */
export function parseDeflateAnswer(
  parameters: ExtensionOffer["parameters"],
): (DeflateParameters & { readonly clientMaxWindowBits: number | undefined }) | undefined {
  const parsed = parse(parameters);
  if (parsed === undefined) return undefined;
  const { clientMaxWindowBits } = parsed;
  // §7.1.2.2: in an answer, the parameter has a value.
  return clientMaxWindowBits === true ? undefined : { ...parsed, clientMaxWindowBits };
}

/** The rules that offers and answers share. */
function parse(parameters: ExtensionOffer["parameters"]): DeflateParameters | undefined {
  const values = new Map(parameters);
  if (values.size < parameters.length) return undefined;
  for (const [name, value] of values) if (!known.get(name)?.(value)) return undefined;
  return {
    serverNoContextTakeover: values.has("server_no_context_takeover"),
    clientNoContextTakeover: values.has("client_no_context_takeover"),
    serverMaxWindowBits: windowBits(values.get("server_max_window_bits")),
    clientMaxWindowBits: values.get("client_max_window_bits") === true
      ? true
      : windowBits(values.get("client_max_window_bits")),
  };
}

/** Each parameter and the values it takes; true stands for a name alone. */
const known: ReadonlyMap<string, (value: string | true) => boolean> = new Map([
  ["server_no_context_takeover", isAlone],
  ["client_no_context_takeover", isAlone],
  ["server_max_window_bits", isWindowBits],
  ["client_max_window_bits", (value) => isAlone(value) || isWindowBits(value)],
]);

function isAlone(value: string | true): boolean {
  return value === true;
}

function isWindowBits(value: string | true): boolean {
  return windowBits(value) !== undefined;
}

/** §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive". */
function windowBits(value: string | true | undefined): number | undefined {
  if (typeof value !== "string" || !/^[1-9]\d?$/.test(value)) return undefined;
  const bits = Number(value);
  return smallestWindowBits <= bits && bits <= largestWindowBits ? bits : undefined;
}
