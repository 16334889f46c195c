/**
 * Parses values of options that several commands have.
 *
 * @module
 */

import { isJsonObject, type JsonObject, parseJson } from "../../nostr/json.ts";
import { parseWebSocketUrl } from "../../websocket/websocket_url.ts";
import { InvalidArgumentError } from "./commander.ts";

/** Parses a number of up to 15 digits. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  return Number(text);
}

/** Parses the URL of a relay. */
export function relayUrl(text: string): string {
  if (parseWebSocketUrl(text) !== undefined) return text;
  throw new InvalidArgumentError("Expected ws://HOST or wss://HOST.");
}

/** Parses a JSON object. */
export function jsonObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new InvalidArgumentError("Expected a JSON object.");
  return value;
}
