/**
 * Content negotiation by the `Accept` header. Hono's helper accepts anything as a weight and does
 * not know `*\/*`.
 *
 * @see RFC 9110 §12.5.1
 * @module
 */

/** How many elements of the header are parsed. */
const MAX_RANGES = 64;

/** One element of an `Accept` header. Type and subtype are lower case, `*` for any. */
interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  /** The weight `q`, 0 to 1. Zero: not acceptable. */
  readonly quality: number;
}

/**
 * Parses the media ranges of an `Accept` header, in order. Invalid elements are ignored. So are
 * parameters other than `q`: no response has variants that they could distinguish, and a client
 * that adds `charset=utf-8` means the type all the same.
 *
 * @see RFC 9110 §12.5.1
 */
export function parseAccept(header: string): readonly MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const element of splitOutsideQuotes(header, ",").slice(0, MAX_RANGES)) {
    const range = parseMediaRange(element);
    if (range !== undefined) ranges.push(range);
  }
  return ranges;
}

/**
 * The most preferred type among `offered`; undefined when none is acceptable. The most specific
 * range that matches an offer sets its weight, so `text/*` says nothing of HTML next to
 * `text/html`. Among equal weights the more specifically requested offer wins, then the earlier
 * one. Without a header, or with an empty one, everything is acceptable.
 *
 * @see RFC 9110 §12.5.1
 */
export function negotiate(header: string | null, offered: readonly string[]): string | undefined {
  if (header === null || header.trim() === "") return offered[0];
  const ranges = parseAccept(header);
  let best: string | undefined;
  let bestMatch: Match = { specificity: 0, quality: 0 };
  for (const type of offered) {
    const match = matchOf(ranges, type);
    if (match.quality > 0 && outranks(match, bestMatch)) {
      best = type;
      bestMatch = match;
    }
  }
  return best;
}

/** Whether the header names exactly this type, without wildcards, at a weight above zero. */
export function asksFor(header: string | null, type: string): boolean {
  if (header === null) return false;
  const match = matchOf(parseAccept(header), type);
  return match.specificity === 3 && match.quality > 0;
}

/** The best match for an offer: none (0), `*\/*` (1), `type/*` (2) or exact (3). */
interface Match {
  readonly specificity: number;
  readonly quality: number;
}

/** "The most specific reference has precedence"; among equal ones the higher weight. */
function matchOf(ranges: readonly MediaRange[], offer: string): Match {
  let best: Match = { specificity: 0, quality: 0 };
  for (const range of ranges) {
    const specificity = specificityOf(range, offer);
    const isBetter = specificity > best.specificity ||
      (specificity === best.specificity && range.quality > best.quality);
    if (specificity > 0 && isBetter) best = { specificity, quality: range.quality };
  }
  return best;
}

function specificityOf(range: MediaRange, offer: string): number {
  if (range.type === "*") return 1;
  if (range.subtype === "*") return offer.startsWith(`${range.type}/`) ? 2 : 0;
  return offer === `${range.type}/${range.subtype}` ? 3 : 0;
}

function outranks(match: Match, other: Match): boolean {
  if (match.quality !== other.quality) return match.quality > other.quality;
  return match.specificity > other.specificity;
}

/** The characters of a token. @see RFC 9110 §5.6.2 */
const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** Two tokens separated by a slash. A wildcard type requires a wildcard subtype. */
function parseMediaRange(element: string): MediaRange | undefined {
  const [name = "", ...parameters] = splitOutsideQuotes(element, ";");
  const [type = "", subtype = "", ...rest] = name.trim().toLowerCase().split("/");
  if (rest.length > 0 || !token.test(type) || !token.test(subtype)) return undefined;
  if (type === "*" && subtype !== "*") return undefined;
  const quality = parseQuality(parameters);
  return quality === undefined ? undefined : { type, subtype, quality };
}

/** `weight = OWS ";" OWS "q=" qvalue`. @see RFC 9110 §12.4.2 */
const weight = /^\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*$/i;

/** The weight among the parameters; 1 when there is none, undefined when it is invalid. */
function parseQuality(parameters: readonly string[]): number | undefined {
  const given = parameters.find((parameter) => /^\s*q=/i.test(parameter));
  if (given === undefined) return 1;
  const value = weight.exec(given)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** Splits at `separator` outside quoted strings. @see RFC 9110 §5.6.4 */
function splitOutsideQuotes(text: string, separator: "," | ";"): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === "\\") at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
