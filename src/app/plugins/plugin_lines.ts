/**
 * The messages between relay and plugin, one JSON object per line. For events it is the protocol of
 * strfry's write-policy plugins; connections and requests are an extension of it.
 *
 * @module
 */

import { isJsonObject, parseJson } from "../../nostr/json.ts";
import { type Prefix, type Reason, reason } from "../../nostr/reason.ts";
import type { Client } from "../../relay/access/client.ts";
import type { Inquiry, Origin, Submission } from "../../relay/access/policy.ts";

/** The version of the extension. */
const PLUGIN_PROTOCOL = 1;

/** Longer lines from a plugin are discarded, bytes. */
export const MAX_LINE_BYTES = 8_192;

/** The decision of a plugin. */
export type Verdict =
  | { readonly action: "accept" }
  | { readonly action: "reject"; readonly reason: Reason }
  | { readonly action: "shadow" };

/** A decision and the id of the question. */
interface Reply {
  readonly id: string;
  readonly verdict: Verdict;
}

const SOURCE_TYPES: Readonly<Record<Exclude<Origin, "socket">, string>> = {
  import: "Import",
  sync: "Sync",
  relay: "Stored",
};

/** A question about an event. The reply carries the event's id. */
export function eventLine({ event, nowMs, origin, client, from }: Submission): string {
  const source = origin === "socket" ? sourceOf(client) : {
    sourceType: SOURCE_TYPES[origin],
    sourceInfo: from ?? "",
  };
  // If the client is authenticated as several keys, the author's is the most useful one.
  const keys = client?.keys ?? new Set<string>();
  const authed = keys.has(event.pubkey) ? event.pubkey : keys.values().next().value;
  return JSON.stringify({
    type: "new",
    event,
    receivedAt: Math.floor(nowMs / 1000),
    ...source,
    ...authed !== undefined && { authed },
  });
}

/** A question about a REQ or COUNT. The reply carries `id`. */
export function requestLine(id: string, { verb, filters, client, nowMs }: Inquiry): string {
  return JSON.stringify({
    type: "request",
    version: PLUGIN_PROTOCOL,
    id,
    verb,
    filters: filters.map(({ ids, authors, kinds, tags, allTags, search, ...rest }) => ({
      ...ids && { ids: [...ids] },
      ...authors && { authors: [...authors] },
      ...kinds && { kinds: [...kinds] },
      ...Object.fromEntries([...tags].map(([letter, values]) => [`#${letter}`, [...values]])),
      ...Object.fromEntries(
        [...allTags ?? []].map(([letter, values]) => [`&${letter}`, [...values]]),
      ),
      ...search && { search: [...search].join(" ") },
      ...rest,
    })),
    receivedAt: Math.floor(nowMs / 1000),
    ...sourceOf(client),
    authed: [...client.keys],
  });
}

/** A question about a new connection. The reply carries `id`. */
export function connectLine(id: string, client: Client, nowMs: number): string {
  return JSON.stringify({
    type: "connect",
    version: PLUGIN_PROTOCOL,
    id,
    origin: client.origin,
    userAgent: client.userAgent,
    receivedAt: Math.floor(nowMs / 1000),
    ...sourceOf(client),
  });
}

function sourceOf(client: Client | undefined): { sourceType: string; sourceInfo: string } {
  const address = client?.address ?? "";
  return { sourceType: address.includes(":") ? "IP6" : "IP4", sourceInfo: address };
}

/** Parses a line from a plugin; undefined if it is no reply. */
export function parseReply(line: string): Reply | undefined {
  const value = parseJson(line);
  if (!isJsonObject(value) || typeof value.id !== "string") return undefined;
  const { id, action, msg } = value;
  switch (action) {
    case "accept":
      return { id, verdict: { action } };
    case "reject":
      return { id, verdict: { action, reason: reasonOf(typeof msg === "string" ? msg : "") } };
    case "shadowReject":
      return { id, verdict: { action: "shadow" } };
    default:
      return undefined;
  }
}

const PREFIXES: ReadonlySet<string> = new Set<Prefix>([
  "auth-required",
  "blocked",
  "duplicate",
  "error",
  "invalid",
  "mute",
  "pow",
  "rate-limited",
  "restricted",
]);

/** Keeps a standard prefix at the start of the message; any other message gets `blocked:`. */
function reasonOf(message: string): Reason {
  const [, word = "", text = ""] = /^([a-z-]+): *([^]*)$/.exec(message) ?? [];
  if (PREFIXES.has(word) && text !== "") return reason(word as Prefix, text);
  return reason("blocked", message === "" ? "refused by a policy" : message);
}
