/**
 * The relay management API over HTTP: authorizes the caller and runs the call.
 *
 * @see NIP-86, NIP-98
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { eventId, type HashText } from "../../nostr/event_id.ts";
import {
  AUTHORIZATION_WINDOW_S,
  authorizationFault,
  parseAuthorization,
} from "../../nostr/http_authorization.ts";
import { isJsonObject, parseJson } from "../../nostr/json.ts";
import { utf8Decode } from "../../base/bytes.ts";
import type { Verifier } from "../../nostr/verifier.ts";
import type { ManagementAnswer } from "../../relay/access/management.ts";
import type { HttpRoute } from "../router.ts";

interface ManagementRouteOptions {
  /** The public keys that may call, now. */
  readonly admins: () => ReadonlySet<string>;
  /** Runs a call. */
  readonly call: (
    method: string,
    params: readonly unknown[],
    who: string,
  ) => Promise<ManagementAnswer>;
  readonly verifier: Verifier;
  readonly clock: Pick<Clock, "nowMs">;
  /** Default: {@link portableHashText}. */
  readonly hashText: HashText | undefined;
  /** SHA-256 as lower-case hex. */
  readonly hashBytes: (bytes: Uint8Array) => string;
  /** The URL by which clients reach the relay, if it is set now. */
  readonly relayUrl?: () => string | undefined;
}

/** The media type of a call. */
export const managementType = "application/nostr+json+rpc";

const managementTypePattern = /^\s*application\/nostr\+json\+rpc\s*(?:;|$)/i;

/** Longest call, bytes. */
const MAX_BODY_BYTES = 65_536;

/**
 * `POST /` for administrators. 401 without a valid authorization, 403 for other keys. All other
 * errors of a call are in `error` of its response.
 *
 * @see NIP-86
 */
export function managementRoute(options: ManagementRouteOptions): HttpRoute {
  const used = new UsedSignatures();
  return {
    method: "POST",
    path: "/",
    crossOrigin: true,
    async handle(request) {
      const type = request.headers.get("content-type") ?? "";
      if (!managementTypePattern.test(type)) {
        return answer(415, { error: `send ${managementType}` });
      }
      const body = new Uint8Array(await request.arrayBuffer());
      if (body.length > MAX_BODY_BYTES) return answer(413, { error: "the call is too long" });
      const caller = await callerOf({ request, body }, options, used);
      if ("status" in caller) return answer(caller.status, { error: caller.error });
      const call = parseCall(body);
      if (call === undefined) {
        return answer(400, { error: 'a call is {"method": text, "params": list}' });
      }
      return answer(200, await options.call(call.method, call.params, caller.key));
    },
  };
}

type Caller = { readonly key: string } | { readonly status: 401 | 403; readonly error: string };

/** The cheapest checks come first. The signature is checked for administrators only. */
async function callerOf(
  { request, body }: { readonly request: Request; readonly body: Uint8Array },
  options: ManagementRouteOptions,
  used: UsedSignatures,
): Promise<Caller> {
  const { admins, clock, hashBytes, hashText, verifier } = options;
  const relayUrl = options.relayUrl?.();
  const event = parseAuthorization(request.headers.get("authorization") ?? "");
  if (event === undefined) return denied("an Authorization header of NIP-98 is missing");
  const nowMs = clock.nowMs();
  const fault = authorizationFault(event, {
    urls: [request.url, ...relayUrl === undefined ? [] : [relayUrl]],
    method: request.method,
    bodyHash: hashBytes(body),
    nowMs,
  });
  if (fault !== undefined) return denied(fault);
  if (!admins().has(event.pubkey)) {
    return { status: 403, error: "this key may not manage the relay" };
  }
  if (eventId(event, { hashText }) !== event.id || !await verifier.verify(event)) {
    return denied("id or signature is wrong");
  }
  // By signature, not by id: two calls in the same second may have equal ids, but are signed
  // separately.
  return used.add(event.sig, nowMs)
    ? { key: event.pubkey }
    : denied("this authorization was used before");
}

function denied(error: string): Caller {
  return { status: 401, error };
}

function parseCall(
  body: Uint8Array,
): { readonly method: string; readonly params: readonly unknown[] } | undefined {
  const text = utf8Decode(body);
  const value = text === undefined ? undefined : parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const { method, params = [] } = value;
  return typeof method === "string" && Array.isArray(params) ? { method, params } : undefined;
}

function answer(status: number, value: ManagementAnswer): Response {
  const headers = {
    "Content-Type": managementType,
    "Cache-Control": "no-store",
    ...status === 401 && { "WWW-Authenticate": "Nostr" },
  };
  return new Response(JSON.stringify(value), { status, headers });
}

/** Signatures of administrators that were used and are still valid, to prevent replay. */
class UsedSignatures {
  readonly #usedMs = new Map<string, number>();

  /** False when it was added before. */
  add(signature: string, nowMs: number): boolean {
    for (const [known, usedMs] of this.#usedMs) {
      // One dated in the future is valid for twice the window.
      if (nowMs - usedMs <= 2_000 * AUTHORIZATION_WINDOW_S) break;
      this.#usedMs.delete(known);
    }
    if (this.#usedMs.has(signature)) return false;
    this.#usedMs.set(signature, nowMs);
    return true;
  }
}
