/**
 * Text formats that several sections use.
 *
 * @module
 */

import { readFilterSetting } from "../filter_setting.ts";
import { readPublicKey, readSecretKey } from "../key_text.ts";
import type { TextFormat } from "../setting.ts";

const KIND = String.raw`(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])`;

/** Matches `7` or `30000-39999`. */
export const KIND_RANGE = `${KIND}(?:-${KIND})?`;

/** `1059` */
export const kindFormat: TextFormat = {
  pattern: new RegExp(`^${KIND}$`),
  words: "a kind, from 0 to 65535",
};

/** `7` or `30000-39999` */
export const kindRangeFormat: TextFormat = {
  pattern: new RegExp(`^${KIND_RANGE}$`),
  words: "a kind or a range of kinds: 7 or 30000-39999",
};

/** `npub1…` or 64 hex digits */
export const publicKeyFormat: TextFormat = {
  pattern: /^(?:[0-9a-f]{64}|npub1[02-9ac-hj-np-z]{58})$/,
  accepts: (text) => readPublicKey(text) !== undefined,
  words: "a public key: npub1… or 64 lower-case hex digits",
};

/** The same, or nothing. */
export const optionalPublicKeyFormat: TextFormat = {
  pattern: new RegExp(`^$|${publicKeyFormat.pattern.source}`),
  accepts: (text) => text === "" || readPublicKey(text) !== undefined,
  words: `${publicKeyFormat.words}, or nothing`,
};

/** `example.com` or `example.com:8443` */
export const domainFormat: TextFormat = {
  pattern:
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?(?::\d{1,5})?$/,
  accepts: (text) => URL.canParse(`https://${text}/`),
  words: "a domain in lower case, and a port perhaps: example.com",
};

/** `nsec1…`, 64 hex digits, or nothing */
export const optionalSecretKeyFormat: TextFormat = {
  pattern: /^$|^(?:[0-9a-f]{64}|nsec1[02-9ac-hj-np-z]{58})$/,
  accepts: (text) => text === "" || readSecretKey(text) !== undefined,
  words: "a secret key: nsec1… or 64 lower-case hex digits, or nothing",
};

/** A filter by which a comparison makes sense, as JSON. */
export const mirrorFilterFormat = {
  pattern: /^/,
  accepts(text) {
    const read = readFilterSetting(text);
    return read !== undefined && read.filter.limit === undefined;
  },
  words: "a NIP-01 filter as JSON, without limit and search",
} as const satisfies TextFormat;
